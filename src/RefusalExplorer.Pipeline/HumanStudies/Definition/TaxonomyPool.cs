using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>A feature with its labels by activation.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="FromSet">Whether it is one of the features under study; otherwise it was drawn at random for comparison.</param>
/// <param name="Labels">Categories that it fires on; empty where it is silent on all.</param>
public sealed record LabelledFeature(FeatureId Feature, bool FromSet, ImmutableArray<string> Labels);

/// <summary>A text of a known category, for catch trials.</summary>
/// <param name="Text">The text.</param>
/// <param name="Category">Its category, or null for a harmless one.</param>
public sealed record KnownText(string Text, string? Category);

/// <summary>What a study draws from: the result of the analysis "Features by harm category".</summary>
public sealed record TaxonomyPool
{
    /// <summary>Kind of the runs that it is read from.</summary>
    public const string RunKind = "analysis/taxonomy";

    private const string ShareSuffix = ", share";

    /// <summary>The run.</summary>
    public required string RunId { get; init; }

    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>The categories, in the run's order.</summary>
    public required ImmutableArray<string> Categories { get; init; }

    /// <summary>The features, of the set and random.</summary>
    public required ImmutableArray<LabelledFeature> Features { get; init; }

    /// <summary>The run's prompts, whose category is known.</summary>
    public required ImmutableArray<KnownText> Texts { get; init; }

    /// <summary>Reads a result.</summary>
    /// <param name="result">The finished analysis.</param>
    /// <param name="leastShare">A feature has a category's label if it fires on more than this share of its prompts; null: as the run had it.</param>
    /// <exception cref="PipelineException">It is another analysis, or has more categories than digits.</exception>
    public static TaxonomyPool Read(AnalysisResult result, double? leastShare = null)
    {
        if ($"analysis/{result.Analysis}" != RunKind)
            throw new PipelineException($"run {result.RunId}: a '{result.Analysis}' analysis; expected 'taxonomy', whose labels people are compared with");
        AnalysisTable set = Table(result, "features");
        ImmutableArray<string> categories =
            [.. set.Columns.Where(c => c.Name.EndsWith(ShareSuffix, StringComparison.Ordinal)).Select(c => c.Name[..^ShareSuffix.Length])];
        if (categories.Length is 0 or > HumanStudy.MostLabels)
        {
            throw new PipelineException(
                $"run {result.RunId}: {categories.Length} categories; expected 1 to {HumanStudy.MostLabels}, since each needs a digit of its own");
        }
        return new TaxonomyPool
        {
            RunId = result.RunId,
            Model = result.Request.Model,
            Categories = categories,
            Features = [.. Rows(set, true, categories, leastShare), .. Rows(Table(result, "random"), false, categories, leastShare)],
            Texts = [.. (result.Request.Harmful?.Items ?? []).Select(p => new KnownText(p.Message, Analyses.Taxonomy.CategoryMap.Normalise(p.Category)))],
        };
    }

    private static AnalysisTable Table(AnalysisResult result, string id) => result.Output.Tables.FirstOrDefault(t => t.Id == id)
        ?? throw new PipelineException($"run {result.RunId}: it has no table '{id}'; run the analysis again");

    private static IEnumerable<LabelledFeature> Rows(AnalysisTable table, bool fromSet, ImmutableArray<string> categories, double? leastShare)
    {
        ImmutableArray<Cell> features = table.Column("feature"), labels = table.Column("labels");
        ImmutableArray<Cell>[] shares = [.. categories.Select(c => table.Column(c + ShareSuffix))];
        return features.Select((cell, row) => new LabelledFeature(
            FeatureId.Parse(cell.Text ?? ""), fromSet,
            leastShare is { } least
                ? [.. categories.Where((_, c) => shares[c][row].Number > least)]
                : [.. (labels[row].Text ?? "").Split("; ", StringSplitOptions.RemoveEmptyEntries)]));
    }
}
