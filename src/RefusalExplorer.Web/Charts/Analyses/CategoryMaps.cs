using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Web.Charts.Analyses;

/// <summary>Features against harm categories, in the order asked for.</summary>
public static class CategoryMaps
{
    private const string Share = ", share", Count = "categories";

    /// <summary>Whether a table has what the map shows; results of other versions may not.</summary>
    public static bool Fits(AnalysisTable features) => features.IndexOf(Count) >= 0 && !Categories(features).IsEmpty;

    /// <summary>The categories of the table of features.</summary>
    public static ImmutableArray<string> Categories(AnalysisTable features) =>
        [.. features.Columns.Select(c => c.Name).Where(n => n.EndsWith(Share, StringComparison.Ordinal)).Select(n => n[..^Share.Length])];

    /// <summary>A heat map of the features.</summary>
    /// <param name="features">The table <c>features</c> of the analysis <c>taxonomy</c>.</param>
    /// <param name="order">Empty: most categories first; else a category whose share comes first.</param>
    /// <param name="oneOnly">Only features of one category.</param>
    /// <param name="most">Rows at most.</param>
    public static HeatMapChart Of(AnalysisTable features, string order, bool oneOnly, int most)
    {
        ImmutableArray<string> categories = Categories(features);
        int[] columns = [.. categories.Select(c => features.IndexOf(c + Share))];
        int count = features.IndexOf(Count);
        int by = order.Length == 0 ? count : features.IndexOf(order + Share);
        ImmutableArray<Cell>[] rows =
        [
            .. features.Rows.Where(r => !oneOnly || r[count].Number == 1).OrderByDescending(r => r[by].Number ?? 0).ThenByDescending(r => columns.Sum(c => r[c].Number ?? 0)).Take(most),
        ];
        return new HeatMapChart
        {
            Id = "map",
            Title = "Share of each category's prompts on which a feature fires",
            Columns = categories,
            Rows = [.. rows.Select(r => r[0].Text ?? "")],
            Values = [.. rows.Select(r => columns.Select(c => r[c].Number ?? double.NaN).ToImmutableArray())],
            Max = 1,
        };
    }
}
