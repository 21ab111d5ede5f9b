namespace RefusalExplorer.Pipeline.Statistics;

/// <summary>Mean and spread of numbers; those that are not numbers are left out.</summary>
public static class Moments
{
    /// <summary>Arithmetic mean; NaN of none.</summary>
    public static double Mean(IEnumerable<double> values)
    {
        double[] known = [.. values.Where(v => !double.IsNaN(v))];
        return known.Length == 0 ? double.NaN : known.Average();
    }

    /// <summary>Standard deviation of a sample (n − 1); NaN of fewer than two.</summary>
    public static double Deviation(IEnumerable<double> values)
    {
        double[] known = [.. values.Where(v => !double.IsNaN(v))];
        if (known.Length < 2)
            return double.NaN;
        double mean = known.Average();
        return Math.Sqrt(known.Sum(v => (v - mean) * (v - mean)) / (known.Length - 1));
    }

    /// <summary>Percentile bootstrap interval of the mean; only the mean where there is a single value.</summary>
    public static ConfidenceInterval MeanInterval(IReadOnlyList<double> values, long seed, double level = 0.95)
    {
        if (values.Count == 0)
            return new ConfidenceInterval(double.NaN, double.NaN, double.NaN, level);
        return Bootstrap.Percentile(values.Count, picked => picked.Average(i => values[i]), 1000, level, seed).Interval;
    }
}
