using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Statistics;

/// <summary>Agreement of a fixed number of raters on nominal categories.</summary>
/// <param name="Kappa">κ over all categories; NaN where only one category was ever used.</param>
/// <param name="ByCategory">κ of each category against the rest; NaN where it was used never or always.</param>
/// <param name="ByItem">P_i, the share of agreeing rater pairs of each item.</param>
/// <param name="Observed">P̄, mean of <paramref name="ByItem"/>.</param>
/// <param name="Expected">P̄_e, agreement by chance.</param>
public sealed record FleissKappaResult(
    double Kappa, ImmutableArray<double> ByCategory, ImmutableArray<double> ByItem, double Observed, double Expected);

/// <summary>Fleiss' κ (Fleiss 1971, Psychological Bulletin 76: equations 3–7 overall, 12–16 by category).</summary>
public static class FleissKappa
{
    /// <summary>κ of a table of counts, one row an item, one column a category.</summary>
    /// <exception cref="PipelineException">No rows, rows of unequal length or sum, or fewer than two ratings an item.</exception>
    public static FleissKappaResult Of(IReadOnlyList<IReadOnlyList<int>> counts)
    {
        (int raters, int categories) = Check(counts);
        // From whole counts: a share summed up row by row would miss 1 by a rounding, and κ of a constant would be a number.
        double[] share = [.. Enumerable.Range(0, categories).Select(j => counts.Sum(row => row[j]) / ((double)counts.Count * raters))];
        double pairs = raters * (raters - 1.0);
        ImmutableArray<double> byItem = [.. counts.Select(row => row.Sum(n => n * (n - 1.0)) / pairs)];
        double observed = byItem.Average();
        double expected = share.Sum(p => p * p);
        ImmutableArray<double> byCategory =
        [
            .. Enumerable.Range(0, categories).Select(j =>
                1 - (counts.Sum(row => row[j] * (double)(raters - row[j])) / (counts.Count * pairs * share[j] * (1 - share[j])))),
        ];
        return new FleissKappaResult((observed - expected) / (1 - expected), byCategory, byItem, observed, expected);
    }

    private static (int Raters, int Categories) Check(IReadOnlyList<IReadOnlyList<int>> counts)
    {
        if (counts.Count == 0)
            throw new PipelineException("Fleiss' kappa: no items; expected a table of counts, one row an item");
        int categories = counts[0].Count, raters = counts[0].Sum();
        if (raters < 2)
            throw new PipelineException($"Fleiss' kappa: item 1 has {raters} ratings; expected at least 2 an item");
        for (int i = 0; i < counts.Count; i++)
        {
            if (counts[i].Count != categories || counts[i].Any(n => n < 0) || counts[i].Sum() != raters)
            {
                throw new PipelineException(
                    $"Fleiss' kappa: item {i + 1} has {counts[i].Sum()} ratings in {counts[i].Count} categories; expected {raters} in {categories} as in item 1 (use Krippendorff's alpha for missing ratings)");
            }
        }
        return (raters, categories);
    }
}
