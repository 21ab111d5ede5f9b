using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.Overlap;

/// <summary>How far feature sets agree between prompts, categories and stages.</summary>
public sealed class OverlapAnalysis : Analysis<NoSettings>
{
    private const int Shown = 40;

    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "overlap",
        Title = "Overlap of sets between prompts and categories",
        Question = "Is it the same features for every prompt?",
        Paper = "\"Unique SAE Features\" of Tables 1 and 2, prompt by prompt",
        HowToRead = "Squares are Jaccard overlaps from 0 (nothing in common) to 1 (the same set); a pale matrix means that each prompt has its own features, a dark one a common mechanism.",
        Needs = AnalysisNeeds.Features | AnalysisNeeds.Harmful,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, NoSettings settings)
    {
        ImmutableArray<ImmutableHashSet<FeatureId>> byPrompt;
        string what = $"each prompt's own set of {context.Set.Name}";
        if (!context.Set.ByPrompt.IsEmpty)
        {
            byPrompt = [.. context.Harmful.Select(p => context.Set.For(p.Prompt.Key).ToImmutableHashSet())];
        }
        else
        {
            // One set for all prompts overlaps with itself; what differs is which of its features are active.
            ImmutableArray<FeatureId> set = context.Set.Union();
            double[][] maxima = await SetActivity.MaximaAsync(context, "Active features", context.Harmful, set).ConfigureAwait(false);
            byPrompt = [.. maxima.Select(m => set.Where((_, i) => m[i] > 0).ToImmutableHashSet())];
            what = $"the features of {context.Set.Name} that are active on each prompt";
        }
        return Describe(what, byPrompt, [.. context.Harmful.Select(p => p.Category)], [.. context.Sets.Select(s => (s.Name, s.Union().ToImmutableHashSet()))]);
    }

    /// <summary>Charts and tables.</summary>
    internal static AnalysisOutput Describe(
        string what, ImmutableArray<ImmutableHashSet<FeatureId>> byPrompt, ImmutableArray<string> categories, ImmutableArray<(string Name, ImmutableHashSet<FeatureId> Features)> sets)
    {
        // Prompts of a category stand together, so that blocks show.
        int[] order = [.. Enumerable.Range(0, byPrompt.Length).OrderBy(i => categories[i], StringComparer.Ordinal).ThenBy(i => i)];
        string[] names = [.. categories.Distinct().Order(StringComparer.Ordinal)];
        double[] pairs = [.. from a in Enumerable.Range(0, byPrompt.Length) from b in Enumerable.Range(a + 1, byPrompt.Length - a - 1) select Jaccard(byPrompt[a], byPrompt[b])];
        double[][] byCategory = [.. names.Select(x => names.Select(y => Moments.Mean(
            from a in Enumerable.Range(0, byPrompt.Length)
            from b in Enumerable.Range(0, byPrompt.Length)
            where a != b && categories[a] == x && categories[b] == y
            select Jaccard(byPrompt[a], byPrompt[b]))).ToArray())];
        (FeatureId Feature, int Prompts)[] counts = [.. byPrompt.SelectMany(s => s).GroupBy(f => f).Select(g => (g.Key, g.Count())).OrderByDescending(c => c.Item2).ThenBy(c => c.Key)];
        List<AnalysisChart> charts =
        [
            Matrix("categories", "Mean overlap between prompts of two categories", names, byCategory),
            Matrix("prompts", "Overlap between prompts", [.. order.Take(Shown).Select(i => $"{i + 1} {categories[i]}")],
                [.. order.Take(Shown).Select(a => order.Take(Shown).Select(b => Jaccard(byPrompt[a], byPrompt[b])).ToArray())]),
        ];
        if (sets.Length > 1)
            charts.Add(Matrix("sets", "Overlap between sets", [.. sets.Select(s => s.Name)], [.. sets.Select(a => sets.Select(b => Jaccard(a.Features, b.Features)).ToArray())]));
        return new AnalysisOutput
        {
            Findings =
            [
                FormattableString.Invariant($"Compared is {what}: {counts.Length} distinct features, {counts.Count(c => c.Prompts == byPrompt.Length)} on all {byPrompt.Length} prompts, {counts.Count(c => c.Prompts == 1)} on one alone."),
                .. pairs.Length == 0 ? (string[])[] : [FormattableString.Invariant($"Two prompts share {pairs.Average():P0} of their features on average (Jaccard).")],
            ],
            Charts = [.. charts],
            Tables =
            [
                AnalysisTable.Of("features", "Prompts of each feature", [new("feature", ColumnKind.Feature), new("prompts", ColumnKind.Count), new("share", ColumnKind.Share)],
                    counts.Select(c => (IEnumerable<Cell>)[c.Feature.ToString(), c.Prompts, (double)c.Prompts / byPrompt.Length])),
                AnalysisTable.Of("categories", "Mean overlap between categories", [new("category", ColumnKind.Text), .. names.Select(n => new TableColumn(n))],
                    byCategory.Select((r, i) => (IEnumerable<Cell>)[names[i], .. r.Select(v => (Cell)v)])),
                .. sets.Length < 2 ? (AnalysisTable[])[] : [AnalysisTable.Of("sets", "Overlap between sets",
                    [new("set", ColumnKind.Text), new("other set", ColumnKind.Text), new("features", ColumnKind.Count), new("other's features", ColumnKind.Count), new("common", ColumnKind.Count), new("Jaccard")],
                    from a in sets
                    from b in sets
                    where a.Name != b.Name
                    select (IEnumerable<Cell>)[a.Name, b.Name, a.Features.Count, b.Features.Count, a.Features.Intersect(b.Features).Count, Jaccard(a.Features, b.Features)])],
            ],
        };
    }

    /// <summary>|A ∩ B| / |A ∪ B|; 1 of two empty sets.</summary>
    internal static double Jaccard(ImmutableHashSet<FeatureId> a, ImmutableHashSet<FeatureId> b)
    {
        int common = a.Intersect(b).Count, union = a.Count + b.Count - common;
        return union == 0 ? 1 : (double)common / union;
    }

    private static HeatMapChart Matrix(string id, string title, IReadOnlyList<string> names, IReadOnlyList<double[]> values) => new()
    {
        Id = id,
        Title = title,
        Columns = [.. names],
        Rows = [.. names],
        Values = [.. values.Select(r => r.ToImmutableArray())],
        Max = 1,
    };
}
