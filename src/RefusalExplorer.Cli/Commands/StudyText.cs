using System.Globalization;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Cli.Commands;

/// <summary>A study's result for people; the folder's files and <c>--json</c> have all of it.</summary>
internal static class StudyText
{
    private const int MostFeatures = 15;

    public static void Write(CommandContext context, StudyResult result, string folder)
    {
        context.WriteLine($"{result.Study.Name} on {result.Model.Model}: done through {result.Completed?.ToString().ToLowerInvariant()}");
        foreach (string note in result.Notes)
            context.WriteLine($"  {note}");
        if (result.Direction is { } d)
            context.WriteLine($"direction   {d.Hook}, position {d.Position}, norm {Number(d.Norm)}: {d.Source}");
        StudyFunnel f = result.Funnel;
        if (f.Prompts > 0)
            context.WriteLine($"prompts     {f.Prompts}, refused {f.Refused}, flipped {f.Flipped}, with a minimal set {f.Minimal}");
        if (f.CandidateFeatures is not null)
            context.WriteLine($"features    median {Number(f.CandidateFeatures)} candidates, {Number(f.PrunedFeatures)} kept at the lowest threshold, {Number(f.MinimalFeatures)} in the minimal set{(f.NeededFeatures is null ? "" : $", {Number(f.NeededFeatures)} of them proven needed")}; {f.UniqueFeatures} distinct");
        if (result.Rates.Length > 0)
            context.WriteLine("arm                  jailbroken   95 % interval   degenerate   mean P(\"I\")");
        foreach (StudyRate r in result.Rates)
        {
            context.WriteLine(
                $"{r.Arm,-20} {r.Complied,4}/{r.Runs,-5}   {Number(r.Interval.Low),5} – {Number(r.Interval.High),-5}   {r.Degenerate,10}   {Number(r.MeanProbability),11}");
        }
        if (result.Features.Length > 0)
            context.WriteLine($"most common {string.Join(", ", result.Features.Take(MostFeatures).Select(c => $"{c.Feature} ({c.Prompts})"))}");
        if (result.Interactions is { } i)
            context.WriteLine($"machine     {i.Machine.Features} features, {i.Machine.Samples.Train} samples; test accuracy {Number(i.Machine.Test.Accuracy)}, AUC {Number(i.Machine.Test.Auc)} (epoch {i.Machine.BestEpoch})");
        if (result.InteractionSummary is { } s)
            context.WriteLine($"link        stage 3 silences {Number(s.MeanDeactivated)} of active minimal features on average, at most {Number(s.MostDeactivated)}; drop of the others {Number(s.MeanDrop)}");
        context.WriteLine($"folder      {folder}");
    }

    private static string Number(double? value) => value is { } v ? v.ToString("0.###", CultureInfo.InvariantCulture) : "–";
}
