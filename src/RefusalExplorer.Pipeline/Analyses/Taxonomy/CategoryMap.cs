using System.Collections.Immutable;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Analyses.Taxonomy;

/// <summary>Which categories a feature fires on.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Shares">Share of each category's prompts on which it fires.</param>
/// <param name="Means">Mean of its largest activation over each category's prompts.</param>
/// <param name="Labels">Categories whose share is over the limit.</param>
internal sealed record CategoryMap(FeatureId Feature, ImmutableArray<double> Shares, ImmutableArray<double> Means, ImmutableArray<string> Labels)
{
    /// <summary>CoCoNot's card and its data use different names for one subcategory.</summary>
    public static string Normalise(string? category) => category?.Trim() switch
    {
        null or "" => "uncategorised",
        { } c when c.Equals("misinformation", StringComparison.OrdinalIgnoreCase) || c.Equals("false information", StringComparison.OrdinalIgnoreCase) => "false information",
        { } c => c,
    };

    /// <summary>Maps features by their largest activations.</summary>
    /// <param name="features">The features.</param>
    /// <param name="maxima">[prompt][feature].</param>
    /// <param name="categories">Category of each prompt.</param>
    /// <param name="order">The categories.</param>
    /// <param name="leastShare">A feature has a category's label if it fires on more than this share of its prompts (0: on any, as the paper has it).</param>
    public static ImmutableArray<CategoryMap> Of(
        IReadOnlyList<FeatureId> features, IReadOnlyList<double[]> maxima, IReadOnlyList<string> categories, IReadOnlyList<string> order, double leastShare)
    {
        int[][] members = [.. order.Select(c => Enumerable.Range(0, categories.Count).Where(i => categories[i] == c).ToArray())];
        return [.. features.Select((feature, f) =>
        {
            ImmutableArray<double> shares = [.. members.Select(m => m.Length == 0 ? 0 : (double)m.Count(i => maxima[i][f] > 0) / m.Length)];
            return new CategoryMap(
                feature, shares, [.. members.Select(m => m.Length == 0 ? 0 : m.Average(i => maxima[i][f]))],
                [.. order.Where((_, c) => shares[c] > leastShare)]);
        })];
    }
}
