using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.Taxonomy;

/// <summary>Settings of <see cref="TaxonomyAnalysis"/>.</summary>
public sealed record TaxonomySettings
{
    /// <summary>Share of prompts that makes a label.</summary>
    [Range(0, 0.999, ErrorMessage = "least share: expected 0 to 0.999")]
    [Display(Name = "Least share", Description = "A feature has a category's label if it fires on more than this share of its prompts; 0 as in the paper: on any")]
    public double LeastShare { get; init; }

    /// <summary>Random features for comparison.</summary>
    [Range(0, 10000, ErrorMessage = "random features: expected 0 to 10000")]
    [Display(Name = "Random features", Description = "Random features of the set's layers, for comparison; the paper takes 23")]
    public int RandomFeatures { get; init; } = 23;
}

/// <summary>Features against harm categories (paper, "Mapping causal features to unsafe taxonomy", Figure 3 and Table 12).</summary>
public sealed class TaxonomyAnalysis : Analysis<TaxonomySettings>
{
    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "taxonomy",
        Title = "Features by harm category",
        Question = "Do features stand for kinds of harm, or for harm as such?",
        Paper = "Figure 3 and Table 12 (\"Mapping causal features to unsafe taxonomy\", \"Human Study\")",
        HowToRead = "Bars on the left count features of one category alone, those on the right features of several; many features of every category, and random features alike, mean that activation alone does not tell what a feature is about.",
        Needs = AnalysisNeeds.Features | AnalysisNeeds.Harmful,
        DefaultPrompts = 46,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, TaxonomySettings settings)
    {
        ImmutableArray<FeatureId> set = context.Set.Union();
        ImmutableArray<FeatureId> random = await context.OnModelAsync((model, _) => Random(
            set, settings.RandomFeatures, layer => model.Sae(layer).Config.Features, context.Request.Seed)).ConfigureAwait(false);
        double[][] maxima = await SetActivity.MaximaAsync(context, "Activations by category", context.Harmful, [.. set, .. random]).ConfigureAwait(false);
        string[] categories = [.. context.Harmful.Select(p => CategoryMap.Normalise(p.Prompt.Category))];
        string[] order = [.. categories.GroupBy(c => c).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Select(g => g.Key)];
        ImmutableArray<CategoryMap> maps = CategoryMap.Of([.. set, .. random], maxima, categories, order, settings.LeastShare);
        return Describe([.. maps.Take(set.Length)], [.. maps.Skip(set.Length)], order, context.Set.Name);
    }

    /// <summary>Random features of the set's layers that are not in it, layers in turn.</summary>
    internal static ImmutableArray<FeatureId> Random(ImmutableArray<FeatureId> set, int count, Func<int, int> featuresOf, long seed)
    {
        int[] layers = [.. set.Select(f => f.Layer).Distinct().Order()];
        HashSet<FeatureId> taken = [.. set];
        SeededRandom random = new(seed);
        List<FeatureId> drawn = [];
        for (int tries = 0; drawn.Count < count && layers.Length > 0 && tries < 1000 * (count + 1); tries++)
        {
            FeatureId feature = new(layers[drawn.Count % layers.Length], random.NextInt(featuresOf(layers[drawn.Count % layers.Length])));
            if (taken.Add(feature))
                drawn.Add(feature);
        }
        return [.. drawn];
    }

    /// <summary>Figure 3, Table 12 and the map.</summary>
    internal static AnalysisOutput Describe(ImmutableArray<CategoryMap> maps, ImmutableArray<CategoryMap> random, string[] order, string name)
    {
        string[] bars = [.. order.Select(c => $"{c} only"), .. Enumerable.Range(2, Math.Max(0, order.Length - 1)).Select(n => $"{n} categories")];
        CategoryMap[] shown = [.. maps.OrderByDescending(m => m.Labels.Length).ThenBy(m => m.Feature).Take(80)];
        int firing = maps.Count(m => m.Labels.Length > 0);
        return new AnalysisOutput
        {
            Findings =
            [
                $"Of {maps.Length} features of {name}, {maps.Count(m => m.Labels.Length == 1)} fire on one category, {maps.Count(m => m.Labels.Length > 1 && m.Labels.Length < order.Length)} on some, {maps.Count(m => m.Labels.Length == order.Length)} on all {order.Length}, and {maps.Length - firing} on none.",
                .. random.IsEmpty ? (string[])[] : [$"Of {random.Length} random features of the same layers, {random.Count(m => m.Labels.Length == 1)} fire on one category, {random.Count(m => m.Labels.Length == order.Length)} on all, and {random.Count(m => m.Labels.IsEmpty)} on none."],
            ],
            Charts =
            [
                new BarChart
                {
                    Id = "categories",
                    Title = "Features by the categories that they fire on",
                    YTitle = "features",
                    Categories = [.. bars],
                    Series =
                    [
                        new BarSeries { Name = name, Role = SeriesRole.Features, Values = [.. Counts(maps, order)] },
                        .. random.IsEmpty ? (BarSeries[])[] : [new BarSeries { Name = "random features", Role = SeriesRole.Control, Values = [.. Counts(random, order)] }],
                    ],
                },
                new HeatMapChart
                {
                    Id = "map",
                    Title = "Share of each category's prompts on which a feature fires",
                    Columns = [.. order],
                    Rows = [.. shown.Select(m => m.Feature.ToString())],
                    Values = [.. shown.Select(m => m.Shares)],
                    Max = 1,
                },
            ],
            Tables =
            [
                AnalysisTable.Of("breakdown", "Features by number of categories",
                    [new("categories", ColumnKind.Count), new(name, ColumnKind.Count), new("random features", ColumnKind.Count)],
                    Enumerable.Range(0, order.Length + 1).Select(n => (IEnumerable<Cell>)[n, maps.Count(m => m.Labels.Length == n), random.Count(m => m.Labels.Length == n)])),
                Map("features", $"Categories of each feature of {name}", maps, order),
                Map("random", "Categories of each random feature", random, order),
            ],
        };
    }

    private static IEnumerable<double> Counts(ImmutableArray<CategoryMap> maps, string[] order) =>
    [
        .. order.Select(c => (double)maps.Count(m => m.Labels is [var only] && only == c)),
        .. Enumerable.Range(2, Math.Max(0, order.Length - 1)).Select(n => (double)maps.Count(m => m.Labels.Length == n)),
    ];

    private static AnalysisTable Map(string id, string title, ImmutableArray<CategoryMap> maps, string[] order) => AnalysisTable.Of(id, title,
        [
            new("feature", ColumnKind.Feature), new("categories", ColumnKind.Count), new("labels", ColumnKind.Text),
            .. order.Select(c => new TableColumn($"{c}, share", ColumnKind.Share)), .. order.Select(c => new TableColumn($"{c}, mean activation")),
        ],
        maps.Select(m => (IEnumerable<Cell>)[m.Feature.ToString(), m.Labels.Length, string.Join("; ", m.Labels), .. m.Shares.Select(s => (Cell)s), .. m.Means.Select(s => (Cell)s)]));
}
