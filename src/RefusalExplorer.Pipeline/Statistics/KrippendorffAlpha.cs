namespace RefusalExplorer.Pipeline.Statistics;

/// <summary>Krippendorff's α, which allows missing ratings and any distance (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability").</summary>
public static class KrippendorffAlpha
{
    /// <summary>α = 1 − D_o / D_e over the pairable values.</summary>
    /// <param name="units">For each unit the values it was given; missing ratings are left out, units with one value do not count.</param>
    /// <param name="distance">Squared difference δ² of two values, 0 where equal: <see cref="RatingDistance"/>.</param>
    /// <returns>α; NaN where all pairable values are equal, so that nothing could have disagreed.</returns>
    /// <exception cref="PipelineException">No unit has two values.</exception>
    public static double Of<T>(IEnumerable<IReadOnlyList<T>> units, Func<T, T, double> distance)
        where T : notnull
    {
        List<IReadOnlyList<T>> pairable = [.. units.Where(u => u.Count > 1)];
        if (pairable.Count == 0)
            throw new PipelineException("Krippendorff's alpha: no unit has two ratings; expected at least one that two annotators rated");
        double total = pairable.Sum(u => u.Count);
        double observed = pairable.Sum(u => PairSum(u, distance) / (u.Count - 1)) / total;
        double expected = PairSum([.. pairable.SelectMany(u => u)], distance) / (total * (total - 1));
        return expected == 0 ? double.NaN : 1 - (observed / expected);
    }

    /// <summary>Σ δ over ordered pairs of different places, by distinct values: the pooled values are many, their kinds are few.</summary>
    private static double PairSum<T>(IReadOnlyList<T> values, Func<T, T, double> distance)
        where T : notnull
    {
        List<KeyValuePair<T, int>> kinds = [.. values.CountBy(v => v)];
        double sum = 0;
        for (int i = 0; i < kinds.Count; i++)
        {
            for (int j = i + 1; j < kinds.Count; j++)
                sum += 2.0 * kinds[i].Value * kinds[j].Value * distance(kinds[i].Key, kinds[j].Key);
        }
        return sum;
    }
}
