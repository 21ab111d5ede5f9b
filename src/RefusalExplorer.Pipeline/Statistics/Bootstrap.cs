namespace RefusalExplorer.Pipeline.Statistics;

/// <summary>A bootstrap interval with what it rests on.</summary>
/// <param name="Interval">Estimate on the data themselves, and percentile ends.</param>
/// <param name="Resamples">Resamples drawn.</param>
/// <param name="Defined">Resamples on which the statistic was a number; the ends rest on these.</param>
public sealed record BootstrapResult(ConfidenceInterval Interval, int Resamples, int Defined);

/// <summary>Percentile bootstrap (Efron 1979), seeded.</summary>
public static class Bootstrap
{
    /// <summary>Resamples item indices with replacement.</summary>
    /// <param name="items">Number of items.</param>
    /// <param name="statistic">The statistic of the items at the given indices; NaN where it is undefined (κ of a constant resample).</param>
    /// <param name="resamples">Resamples to draw.</param>
    /// <param name="level">Confidence.</param>
    /// <param name="seed">Seed of the resampling.</param>
    /// <exception cref="PipelineException">No items, fewer than 2 resamples, or the statistic is undefined on every resample.</exception>
    public static BootstrapResult Percentile(
        int items, Func<IReadOnlyList<int>, double> statistic, int resamples = 2000, double level = 0.95, long seed = 0)
    {
        ConfidenceInterval.CheckLevel(level);
        if (items < 1 || resamples < 2)
            throw new PipelineException($"bootstrap of {items} items with {resamples} resamples: expected at least one item and two resamples");
        int[] indices = [.. Enumerable.Range(0, items)];
        double estimate = statistic(indices);
        SeededRandom random = new(seed);
        List<double> values = new(resamples);
        for (int r = 0; r < resamples; r++)
        {
            for (int i = 0; i < items; i++)
                indices[i] = random.NextInt(items);
            double value = statistic(indices);
            if (!double.IsNaN(value))
                values.Add(value);
        }
        if (values.Count == 0)
            throw new PipelineException($"bootstrap of {items} items: the statistic is undefined on every resample, so there is no interval");
        values.Sort();
        double tail = (1 - level) / 2;
        return new BootstrapResult(
            new ConfidenceInterval(estimate, Quantile(values, tail), Quantile(values, 1 - tail), level), resamples, values.Count);
    }

    /// <summary>Linear interpolation between order statistics (Hyndman and Fan 1996, type 7).</summary>
    internal static double Quantile(IReadOnlyList<double> sorted, double q)
    {
        double place = q * (sorted.Count - 1);
        int below = (int)Math.Floor(place);
        int above = Math.Min(below + 1, sorted.Count - 1);
        return sorted[below] + ((place - below) * (sorted[above] - sorted[below]));
    }
}
