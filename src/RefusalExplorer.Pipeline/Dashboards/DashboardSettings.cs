namespace RefusalExplorer.Pipeline.Dashboards;

/// <summary>What a pass over a corpus reads and keeps; part of every dashboard file.</summary>
public sealed record DashboardSettings
{
    /// <summary>Tokens of a text that are read; the rest is cut off. SAEs are trained on short contexts, 128 for the demo's.</summary>
    public int ContextTokens { get; init; } = 128;

    /// <summary>Whole texts are read until this many tokens; null for all.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>
    /// Leaves the first token of each text out: it is an attention sink in every model here and no SAE was trained on it, so that it would head
    /// every list.
    /// </summary>
    public bool SkipFirstToken { get; init; } = true;

    /// <summary>
    /// Leaves other attention sinks out too: tokens whose activations have more than this many times the median norm; null leaves none out. The
    /// demo's sinks have 80 to 460 times the median, and no other token eleven (150 texts of its corpus).
    /// </summary>
    public double? SinkRatio { get; init; } = 20;

    /// <summary>Tokens of one forward pass, padding included.</summary>
    public int TokensPerBatch { get; init; } = 2048;

    /// <summary>Examples kept of a feature, each from another text.</summary>
    public int Examples { get; init; } = 16;

    /// <summary>Tokens kept before an example's largest activation.</summary>
    public int TokensBefore { get; init; } = 24;

    /// <summary>Tokens kept after it.</summary>
    public int TokensAfter { get; init; } = 12;

    /// <summary>Tokens kept at either end of a feature's effect on the logits.</summary>
    public int Logits { get; init; } = 10;

    /// <summary>Features kept that are nearest by decoder cosine.</summary>
    public int Nearest { get; init; } = 10;

    /// <summary>Features kept that fire on the same tokens.</summary>
    public int CoFiring { get; init; } = 10;

    /// <summary>Tokens, evenly spaced over those a feature fires on, that its co-firing is counted on.</summary>
    public int CoFiringSample { get; init; } = 512;

    /// <summary>Bars of the histogram of activations.</summary>
    public int HistogramBars { get; init; } = 40;

    /// <summary>Throws where a number makes no sense.</summary>
    /// <exception cref="PipelineException">One line says which.</exception>
    public void Validate()
    {
        foreach ((string name, long value, long least, long most) in new (string, long, long, long)[]
        {
            (nameof(ContextTokens), ContextTokens, 2, 8192), (nameof(MaxTokens), MaxTokens ?? 1, 1, int.MaxValue),
            (nameof(TokensPerBatch), TokensPerBatch, 1, 1 << 20), (nameof(Examples), Examples, 1, 200), (nameof(TokensBefore), TokensBefore, 0, 1000),
            (nameof(TokensAfter), TokensAfter, 0, 1000), (nameof(Logits), Logits, 0, 200), (nameof(Nearest), Nearest, 0, 200),
            (nameof(CoFiring), CoFiring, 0, 200), (nameof(CoFiringSample), CoFiringSample, 1, 1 << 20), (nameof(HistogramBars), HistogramBars, 1, 200),
        })
        {
            if (value < least || value > most)
                throw new PipelineException($"dashboards: {name} is {value}; expected {least} to {most}");
        }
        if (SinkRatio is { } ratio && !(ratio >= 1 && double.IsFinite(ratio)))
            throw new PipelineException($"dashboards: {nameof(SinkRatio)} is {ratio}; expected 1 or more, or none");
    }
}
