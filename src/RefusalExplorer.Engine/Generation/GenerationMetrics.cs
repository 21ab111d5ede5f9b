using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace RefusalExplorer.Engine.Generation;

/// <summary>What is measured of generating, by model; never anything of the text.</summary>
internal static class GenerationMetrics
{
    private static readonly Meter Meter = new("RefusalExplorer.Generation");

    private static readonly Counter<long> Tokens = Meter.CreateCounter<long>(
        "refusal_explorer.generation.tokens", "{token}", "Tokens generated");

    private static readonly Histogram<double> Rate = Meter.CreateHistogram<double>(
        "refusal_explorer.generation.rate", "{token}/s", "Tokens a second of one generation, all its rows together, reading the prompt included");

    /// <summary>A generation has ended, or was stopped.</summary>
    /// <param name="model">The model's name.</param>
    /// <param name="tokens">Tokens of all rows.</param>
    /// <param name="took">Since it began.</param>
    public static void Ended(string model, int tokens, TimeSpan took)
    {
        var tag = new TagList { { "model", model } };
        Tokens.Add(tokens, tag);
        if (tokens > 0 && took > TimeSpan.Zero)
            Rate.Record(tokens / took.TotalSeconds, tag);
    }
}
