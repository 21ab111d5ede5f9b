using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Explore;

/// <summary>What of a run stays blurred until it is revealed.</summary>
public static class ExploreSecrets
{
    /// <summary>Tokens of an answer that are always shown: how it begins, and nothing of what it says.</summary>
    public const int AlwaysClear = 2;

    private static readonly SubstringJudge Refusals = new();

    /// <summary>The user's message of an arm, as judges and people know the exchange.</summary>
    public static string Prompt(ExperimentRequest request, Arm arm) => (IsBenign(arm) ? request.Benign : request.Prompt) is { } source
        ? source.UserMessage ?? source.Text ?? ""
        : "";

    /// <summary>Whether the arm's prompt is the harmless one.</summary>
    public static bool IsBenign(Arm arm) => arm is Arm.BenignBaseline or Arm.BenignIntervened;

    /// <summary>Tokens of the answer that are shown at once. A refusal holds nothing harmful; any other answer to a harmful prompt may.</summary>
    /// <param name="arm">The arm as far as it is.</param>
    /// <param name="sensitive">Whether the run's prompt may be harmful.</param>
    public static int ClearTokens(ArmState arm, bool sensitive) =>
        !sensitive || IsBenign(arm.Arm.Arm) || IsRefusal(arm) ? arm.Tokens.Count : Math.Min(arm.Tokens.Count, AlwaysClear);

    private static bool IsRefusal(ArmState arm) => arm.Arm.Verdict is { } verdict
        ? verdict.Kind == VerdictKind.Refused
        : Refusals.Judge(string.Concat(arm.Tokens.Where(t => !t.IsSpecial).Select(t => t.Text))) is { Kind: VerdictKind.Refused };
}
