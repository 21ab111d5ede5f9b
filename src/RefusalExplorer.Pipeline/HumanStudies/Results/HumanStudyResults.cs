using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>The score of the items of one group.</summary>
/// <param name="Group">The stratum that they were drawn from, or "all".</param>
/// <param name="Items">How many.</param>
/// <param name="Score">The paper's score, mean with a bootstrap interval over items.</param>
/// <param name="Exact">Share of items whose labels are the same.</param>
public sealed record GroupScore(string Group, int Items, ConfidenceInterval Score, double Exact);

/// <summary>What a study found: labels by activation against the human majority, and how far people agree among themselves.</summary>
public sealed record HumanStudyResults
{
    /// <summary>The study.</summary>
    public required HumanStudy Study { get; init; }

    /// <summary>Features that at least two counted annotators answered.</summary>
    public required ImmutableArray<RatedItem> Items { get; init; }

    /// <summary>All features first, then group by group.</summary>
    public required ImmutableArray<GroupScore> Scores { get; init; }

    /// <summary>Rows by activation, columns by people.</summary>
    public required ConfusionMatrix<string> Confusion { get; init; }

    /// <summary>Label by label, "None" last.</summary>
    public required ImmutableArray<LabelMatch> Matches { get; init; }

    /// <summary>How well annotators agree.</summary>
    public required Agreement Agreement { get; init; }

    /// <summary>Every annotator, those too that do not count.</summary>
    public required ImmutableArray<AnnotatorReport> Annotators { get; init; }

    /// <summary>Computes them. Pure; takes a second or so, for the bootstrap.</summary>
    /// <param name="state">The study, closed: before, nobody may see labels by activation beside answers.</param>
    /// <param name="leftOut">Numbers of annotators whose answers do not count.</param>
    /// <exception cref="PipelineException">The study is not closed, or no feature has two answers.</exception>
    public static HumanStudyResults Of(HumanStudyState state, ImmutableHashSet<int>? leftOut = null)
    {
        if (!state.Closed)
            throw new PipelineException($"human study '{state.Study.Title}': its results are hidden until it is closed");
        HumanStudy study = state.Study;
        ImmutableHashSet<int> counted =
            [.. state.Roster.Annotators.Select(a => a.Number).Where(n => leftOut?.Contains(n) != true && state.Sheet(n).Answers().Length > 0)];
        Dictionary<int, Dictionary<string, LabelSet>> answers = counted.ToDictionary(
            n => n, n => state.Sheet(n).Answers().ToDictionary(a => a.Item, a => LabelSet.Of(a.Labels)));
        ImmutableArray<RatedItem> items =
        [
            .. study.Items.Where(i => i.Kind == ItemKind.Feature)
                .Select(i => new RatedItem(i, answers.Where(a => a.Value.ContainsKey(i.Id)).ToImmutableSortedDictionary(a => a.Key, a => a.Value[i.Id])))
                .Where(i => i.Answers.Count > 1)
                .OrderBy(i => i.Item.Feature),
        ];
        if (items.IsEmpty)
            throw new PipelineException($"human study '{study.Title}': no feature has answers of two annotators, so there is nothing to compare");
        return new HumanStudyResults
        {
            Study = study,
            Items = items,
            Scores =
            [
                Score("all", items, study.Settings.Seed),
                .. items.GroupBy(i => i.Item.Group).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => Score(g.Key, [.. g], study.Settings.Seed)),
            ],
            Confusion = LabelConfusion.Of(items, study.Labels),
            Matches = LabelConfusion.Match(items, study.Labels),
            Agreement = Agreement.Of(items, study.Labels, counted.Count, study.Settings.Seed),
            Annotators = [.. state.Roster.Annotators.Select(a => AnnotatorReport.Of(state, a, counted))],
        };
    }

    private static GroupScore Score(string group, ImmutableArray<RatedItem> items, long seed)
    {
        double[] scores = [.. items.Select(i => i.Score)];
        return new GroupScore(
            group, items.Length, Agreement.Interval(scores.Length, picked => picked.Average(i => scores[i]), seed), items.Average(i => i.Exact ? 1.0 : 0));
    }
}
