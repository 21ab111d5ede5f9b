using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Explore;

namespace RefusalExplorer.Web.Studies;

/// <summary>What a study found, in sentences that a reader may quote: each names its counts, and what would speak against it.</summary>
public static class StudyFindings
{
    /// <summary>The sentences, as far as the study has come.</summary>
    public static ImmutableArray<string> Of(StudyResult result)
    {
        StudyFunnel f = result.Funnel;
        if (f.Prompts == 0)
            return [];
        List<string> found = [$"The model refuses {StudyWords.Of(f.Refused, f.Prompts)} prompts without edits; those that it does not refuse are left out."];
        StudyRate? Rate(StudyArm arm) => result.Rates.FirstOrDefault(r => r.Arm == arm);
        if (Rate(StudyArm.Candidates) is { } candidates)
            found.Add($"Ablating the top-K candidates of each layer flips {StudyWords.Of(candidates.Complied, candidates.Runs)}{(f.CandidateFeatures is { } c ? $", with a median of {Features(c)}" : "")}.");
        if (Rate(StudyArm.Minimal) is { } minimal)
            found.Add(Minimal(f, minimal));
        if (Rate(StudyArm.RandomControl) is { } control)
            found.Add($"Random sets of the same size flip {StudyWords.Of(control.Complied, control.Runs)} (at most {Percent(control.Interval.High)} by the 95 % interval), and leave P(“I”) at {Numbers.Probability(control.MeanProbability)} on average.");
        if (Rate(StudyArm.Directional) is { } bound)
            found.Add(UpperBound(bound, Rate(StudyArm.Minimal) ?? Rate(StudyArm.Candidates)));
        if (Rate(StudyArm.Exact) is { } exact)
            found.Add($"Leave-one-out keeps what P(“I”) needs of these features; ablating that alone jailbreaks {StudyWords.Of(exact.Complied, exact.Runs)}{(f.NeededFeatures is { } needed ? $", with a median of {Features(needed)} where it does" : "")}.");
        if (result.InteractionSummary is { MeanDeactivated: { } silenced } third)
            found.Add($"Ablating Stage 3’s features silences {Percent(silenced)} of the active minimal features on average, at most {Percent(third.MostDeactivated ?? silenced)}{(third.MeanDrop is { } drop ? $"; the others fall by {Percent(drop)}" : "")}.");
        int broken = result.Rates.Sum(r => r.Degenerate);
        if (broken > 0)
            found.Add($"{StudyWords.Count(broken, "response")} over all arms are broken text (empty or repeating); they count as no jailbreak.");
        return [.. found];
    }

    private static string Minimal(StudyFunnel f, StudyRate minimal) => string.Create(CultureInfo.InvariantCulture,
        $"{StudyWords.Of(minimal.Complied, minimal.Runs)} have a minimal set that still flips them{(f.MinimalFeatures is { } m ? $": a median of {Features(m)}, {f.UniqueFeatures} distinct in all" : "")}; mean P(“I”) over all of them, with nothing ablated where there is none, is {Numbers.Probability(minimal.MeanProbability)}.");

    private static string UpperBound(StudyRate bound, StudyRate? features)
    {
        string sentence = $"Projecting the whole direction out, the upper bound for feature sets, flips {StudyWords.Of(bound.Complied, bound.Runs)}";
        return features is null ? sentence + "."
            : features.Interval.Estimate >= bound.Interval.Estimate ? $"{sentence}; the features reach it."
            : $"{sentence}; the features stay below it, so a part of the direction lies outside of what the SAEs’ candidates write.";
    }

    private static string Features(double median) => $"{Numbers.Brief(median)} feature{(median == 1 ? "" : "s")}";

    private static string Percent(double share) => share.ToString("0%", CultureInfo.InvariantCulture);
}
