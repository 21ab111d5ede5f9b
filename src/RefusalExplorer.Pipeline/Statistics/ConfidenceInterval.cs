namespace RefusalExplorer.Pipeline.Statistics;

/// <summary>An estimate with its interval.</summary>
/// <param name="Estimate">The point estimate.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
/// <param name="Level">Confidence, 0.95 say.</param>
public sealed record ConfidenceInterval(double Estimate, double Low, double High, double Level)
{
    internal static void CheckLevel(double level)
    {
        if (!(level > 0 && level < 1))
            throw new PipelineException($"confidence level {level}: expected a number between 0 and 1, for example 0.95");
    }
}
