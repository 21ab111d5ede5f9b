using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Web.Explore;

/// <summary>What pages call the arms.</summary>
public static class ArmNames
{
    public static string Of(Arm arm) => arm switch
    {
        Arm.Baseline => "Baseline",
        Arm.Intervened => "Intervened",
        Arm.RandomControl => "Random control",
        Arm.BenignBaseline => "Benign, baseline",
        Arm.BenignIntervened => "Benign, intervened",
        _ => arm.ToString(),
    };

    /// <summary>Class that gives an arm its colour.</summary>
    public static string Class(Arm arm) => arm switch
    {
        Arm.Baseline or Arm.BenignBaseline => "baseline",
        Arm.RandomControl => "control",
        _ => "intervened",
    };
}
