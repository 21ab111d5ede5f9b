using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Directions;

/// <summary>What is scored, and how.</summary>
public sealed record DirectionScorerSettings
{
    /// <summary>Rows in one forward pass.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Layers to score; null: all.</summary>
    public ImmutableArray<int>? Layers { get; init; }

    /// <summary>Positions to score (−1 is the last token); null: all.</summary>
    public ImmutableArray<int>? Positions { get; init; }
}

/// <summary>Scores candidates by what they do to the model (andyrdt/refusal_direction, <c>select_direction</c>).</summary>
public static class DirectionScorer
{
    /// <summary>Inside the logarithms of the reference's KL.</summary>
    private const double KlEpsilon = 1e-6;

    /// <summary>Bypass, induce and KL of every candidate on held-out prompts.</summary>
    /// <param name="model">The model.</param>
    /// <param name="candidates">The mean differences.</param>
    /// <param name="harmful">Token ids of held-out harmful prompts.</param>
    /// <param name="harmless">Token ids of held-out harmless prompts.</param>
    /// <param name="settings">Settings.</param>
    /// <param name="done">Told the share done, 0–1.</param>
    /// <param name="cancellation">Checked between candidates.</param>
    /// <exception cref="PipelineException">A prompt set is empty, or a position or layer is not among the candidates.</exception>
    public static DirectionScores Score(
        IDirectionModel model, MeanDifferences candidates, IReadOnlyList<ImmutableArray<int>> harmful, IReadOnlyList<ImmutableArray<int>> harmless,
        DirectionScorerSettings settings, IProgress<double>? done = null, CancellationToken cancellation = default)
    {
        var prompts = new DirectionTrials(harmful, harmless, settings.BatchSize);
        (int Position, int Layer)[] places = Places(candidates, settings);
        DirectionBaseline baseline = prompts.Baseline(model, cancellation);
        ImmutableArray<DirectionCandidate>.Builder scores = ImmutableArray.CreateBuilder<DirectionCandidate>(places.Length);
        foreach ((int position, int layer) in places)
        {
            cancellation.ThrowIfCancellationRequested();
            scores.Add(prompts.Score(model, candidates, position, layer, baseline, cancellation));
            done?.Report((double)scores.Count / places.Length);
        }
        return new DirectionScores(scores.ToImmutable(), candidates.Layers, baseline.Harmful, baseline.Harmless);
    }

    /// <summary>The candidates to score, position by position from the first, layers ascending.</summary>
    internal static (int Position, int Layer)[] Places(MeanDifferences candidates, DirectionScorerSettings settings) =>
    [
        .. from position in settings.Positions ?? [.. Enumerable.Range(-candidates.Positions, candidates.Positions)]
           from layer in settings.Layers ?? [.. Enumerable.Range(0, candidates.Layers)]
           select (position, layer),
    ];

    /// <summary>Σ p_a (log(p_a + 1e-6) − log(p_b + 1e-6)) over the vocabulary, nats, in float64.</summary>
    public static double KlDivergence(ReadOnlySpan<float> logitsA, ReadOnlySpan<float> logitsB)
    {
        double[] a = Softmax(logitsA), b = Softmax(logitsB);
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * (Math.Log(a[i] + KlEpsilon) - Math.Log(b[i] + KlEpsilon));
        return sum;
    }

    private static double[] Softmax(ReadOnlySpan<float> logits)
    {
        double[] p = new double[logits.Length];
        double max = double.NegativeInfinity, total = 0;
        foreach (float logit in logits)
            max = Math.Max(max, logit);
        for (int i = 0; i < p.Length; i++)
            total += p[i] = Math.Exp(logits[i] - max);
        for (int i = 0; i < p.Length; i++)
            p[i] /= total;
        return p;
    }
}
