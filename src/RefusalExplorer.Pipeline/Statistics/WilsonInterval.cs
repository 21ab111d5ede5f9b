namespace RefusalExplorer.Pipeline.Statistics;

/// <summary>Interval for a proportion, attack success rates above all (Wilson 1927, without continuity correction).</summary>
public static class WilsonInterval
{
    /// <summary>The interval of <paramref name="successes"/> out of <paramref name="trials"/>.</summary>
    /// <exception cref="PipelineException">No trials, or successes outside 0 … trials, or a level outside (0, 1).</exception>
    public static ConfidenceInterval Of(int successes, int trials, double level = 0.95)
    {
        ConfidenceInterval.CheckLevel(level);
        if (trials <= 0 || successes < 0 || successes > trials)
            throw new PipelineException($"Wilson interval of {successes} out of {trials}: expected at least one trial and 0 ≤ successes ≤ trials");
        double z = NormalDistribution.Quantile(0.5 + (level / 2));
        double n = trials, p = successes / n, z2 = z * z;
        double centre = (p + (z2 / (2 * n))) / (1 + (z2 / n));
        double half = z / (1 + (z2 / n)) * Math.Sqrt((p * (1 - p) / n) + (z2 / (4 * n * n)));
        // At the ends the formula is exactly 0 and 1; rounding must not take it outside.
        double low = successes == 0 ? 0 : Math.Max(0, centre - half);
        double high = successes == trials ? 1 : Math.Min(1, centre + half);
        return new ConfidenceInterval(p, low, high, level);
    }
}
