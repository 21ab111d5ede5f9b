using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Explore;

namespace RefusalExplorer.Web.Studies;

/// <summary>One line of two studies side by side.</summary>
/// <param name="What">What is compared, or a setting's path.</param>
/// <param name="A">The first study's value as pages write it.</param>
/// <param name="B">The second's.</param>
public sealed record ComparedLine(string What, string A, string B)
{
    /// <summary>Whether they differ.</summary>
    public bool Differs => A != B;
}

/// <summary>A prompt that both studies have.</summary>
/// <param name="A">In the first.</param>
/// <param name="B">In the second.</param>
public sealed record ComparedPrompt(PromptResult A, PromptResult B)
{
    /// <summary>Features of both minimal sets.</summary>
    public int Shared { get; } = A.MinimalFeatures.Intersect(B.MinimalFeatures).Count();

    /// <summary>Jaccard overlap of the minimal sets; null where one has none.</summary>
    public double? Overlap => A.MinimalFeatures.Count > 0 && B.MinimalFeatures.Count > 0
        ? (double)Shared / (A.MinimalFeatures.Count + B.MinimalFeatures.Count - Shared)
        : null;

    /// <summary>Whether they end differently or with other features.</summary>
    public bool Differs => A.Outcome != B.Outcome || Shared != A.MinimalFeatures.Count || Shared != B.MinimalFeatures.Count;
}

/// <summary>What two studies have in common and what not.</summary>
public static class StudyComparison
{
    /// <summary>Prompts of the same text, in the first study's order.</summary>
    public static ImmutableArray<ComparedPrompt> Prompts(ImmutableArray<PromptResult> a, ImmutableArray<PromptResult> b)
    {
        Dictionary<string, PromptResult> second = b.DistinctBy(p => p.Instruction).ToDictionary(p => p.Instruction, StringComparer.Ordinal);
        return [.. a.DistinctBy(p => p.Instruction).Where(p => second.ContainsKey(p.Instruction)).Select(p => new ComparedPrompt(p, second[p.Instruction])).OrderBy(p => p.A.Index)];
    }

    /// <summary>Settings that differ, by their path; name and description aside.</summary>
    public static ImmutableArray<ComparedLine> Settings(StudyDefinition a, StudyDefinition b)
    {
        IReadOnlyDictionary<string, string> first = StudyShort.Flat(a), second = StudyShort.Flat(b);
        return
        [
            .. first.Keys.Union(second.Keys).Where(k => k is not "name" and not "description").Order(StringComparer.Ordinal)
                .Select(k => new ComparedLine(k, first.GetValueOrDefault(k, "–"), second.GetValueOrDefault(k, "–"))).Where(l => l.Differs),
        ];
    }

    /// <summary>The figures that both pages show first.</summary>
    public static ImmutableArray<ComparedLine> Figures(StudyResult a, StudyResult b) =>
    [
        new("direction read at", Direction(a), Direction(b)),
        new("prompts refused", StudyWords.Of(a.Funnel.Refused, a.Funnel.Prompts), StudyWords.Of(b.Funnel.Refused, b.Funnel.Prompts)),
        new("prompts with a minimal set", StudyWords.Minimal(a), StudyWords.Minimal(b)),
        new("candidates, median", Number(a.Funnel.CandidateFeatures), Number(b.Funnel.CandidateFeatures)),
        new("features of a minimal set, median", Number(a.Funnel.MinimalFeatures), Number(b.Funnel.MinimalFeatures)),
        new("of them proven needed, median", Number(a.Funnel.NeededFeatures), Number(b.Funnel.NeededFeatures)),
        new("distinct features in all", Number(a.Funnel.UniqueFeatures), Number(b.Funnel.UniqueFeatures)),
        .. Enum.GetValues<StudyArm>().Where(arm => arm is StudyArm.Minimal or StudyArm.RandomControl or StudyArm.Directional)
            .Select(arm => new ComparedLine($"mean P(“I”), {StudyWords.Of(arm)}", Mean(a, arm), Mean(b, arm))),
        new("Stage 3, accuracy on test samples", Accuracy(a), Accuracy(b)),
    ];

    private static string Direction(StudyResult r) => r.Direction is { } d ? $"{d.Hook}, position {d.Position}" : "–";

    private static string Number(double? value) => value is { } v ? Numbers.Brief(v) : "–";

    private static string Mean(StudyResult r, StudyArm arm) => r.Rates.FirstOrDefault(x => x.Arm == arm) is { } rate ? Numbers.Probability(rate.MeanProbability) : "–";

    private static string Accuracy(StudyResult r) => r.Interactions is { } i ? Numbers.Probability(i.Machine.Test.Accuracy) : "–";
}
