namespace RefusalExplorer.Pipeline.Statistics;

/// <summary>Which deviations from the random draws count.</summary>
public enum Tail
{
    /// <summary>Smaller than the draws (P("I") after an ablation).</summary>
    Lower,

    /// <summary>Larger than the draws.</summary>
    Upper,

    /// <summary>Either: twice the smaller tail, at most 1.</summary>
    Both,
}

/// <summary>Where a value lies among random draws.</summary>
/// <param name="PValue">Probability of a value at least as extreme under the draws.</param>
/// <param name="AtMost">Draws not above the value.</param>
/// <param name="AtLeast">Draws not below the value.</param>
/// <param name="Draws">Number of draws.</param>
public sealed record RankTestResult(double PValue, int AtMost, int AtLeast, int Draws);

/// <summary>Monte Carlo rank test of one value against random controls (paper, "Comparison with random features").</summary>
public static class RankTest
{
    /// <summary>p = (1 + draws at least as extreme) / (1 + draws): never 0, and valid at every number of draws (Phipson and Smyth 2010).</summary>
    /// <exception cref="PipelineException">No draws, or a value that is not a number.</exception>
    public static RankTestResult Against(double value, IReadOnlyCollection<double> draws, Tail tail)
    {
        if (draws.Count == 0)
            throw new PipelineException("rank test: no random draws; expected at least one control to compare with");
        if (double.IsNaN(value) || draws.Any(double.IsNaN))
            throw new PipelineException("rank test: a value is not a number; expected finite values and draws");
        int atMost = draws.Count(d => d <= value), atLeast = draws.Count(d => d >= value);
        double lower = (1.0 + atMost) / (1 + draws.Count), upper = (1.0 + atLeast) / (1 + draws.Count);
        double p = tail switch
        {
            Tail.Lower => lower,
            Tail.Upper => upper,
            _ => Math.Min(1, 2 * Math.Min(lower, upper)),
        };
        return new RankTestResult(p, atMost, atLeast, draws.Count);
    }
}
