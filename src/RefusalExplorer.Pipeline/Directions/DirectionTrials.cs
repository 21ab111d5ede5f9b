using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Directions;

/// <summary>What the model does with the held-out prompts without edits.</summary>
/// <param name="Harmful">Mean refusal score on the harmful prompts.</param>
/// <param name="Harmless">Mean refusal score on the harmless prompts.</param>
/// <param name="HarmlessLogits">Next-token logits [V] of each harmless prompt, which KL is taken against.</param>
internal sealed record DirectionBaseline(double Harmful, double Harmless, IReadOnlyList<float[]> HarmlessLogits);

/// <summary>The held-out prompts that candidates are tried on, one candidate at a time.</summary>
internal sealed class DirectionTrials
{
    private readonly IReadOnlyList<ImmutableArray<int>> _harmful;
    private readonly IReadOnlyList<ImmutableArray<int>> _harmless;
    private readonly int _batchSize;

    /// <exception cref="PipelineException">A set is empty.</exception>
    public DirectionTrials(IReadOnlyList<ImmutableArray<int>> harmful, IReadOnlyList<ImmutableArray<int>> harmless, int batchSize)
    {
        if (harmful.Count == 0 || harmless.Count == 0)
            throw new PipelineException($"direction scores: {harmful.Count} harmful and {harmless.Count} harmless held-out prompts; expected at least one of each");
        (_harmful, _harmless, _batchSize) = (harmful, harmless, batchSize);
    }

    /// <summary>The scores without edits.</summary>
    public DirectionBaseline Baseline(IDirectionModel model, CancellationToken cancellation)
    {
        List<float[]> harmless = Logits(model, _harmless, InterventionSet.Empty, cancellation);
        double harmful = MeanScore(model, Logits(model, _harmful, InterventionSet.Empty, cancellation));
        return new DirectionBaseline(harmful, MeanScore(model, harmless), harmless);
    }

    /// <summary>Bypass, induce and KL of one candidate; not numbers where its difference is no direction.</summary>
    public DirectionCandidate Score(
        IDirectionModel model, MeanDifferences candidates, int position, int layer, DirectionBaseline baseline, CancellationToken cancellation) =>
        Direction(candidates, position, layer) is not { } direction
            ? new DirectionCandidate(position, layer, double.NaN, double.NaN, double.NaN)
            : new DirectionCandidate(
                position, layer, Bypass(model, direction, cancellation), Induce(model, direction, cancellation), Kl(model, direction, baseline, cancellation));

    /// <summary>The candidate, or null where its difference is zero or not finite, which the selectors discard.</summary>
    public static RefusalDirection? Direction(MeanDifferences candidates, int position, int layer) =>
        IsUsable(candidates.At(position, layer)) ? candidates.Direction(position, layer, "candidate") : null;

    /// <summary>Mean refusal score of the harmful prompts with the direction projected out.</summary>
    public double Bypass(IDirectionModel model, RefusalDirection direction, CancellationToken cancellation) =>
        MeanScore(model, Logits(model, _harmful, Without(direction), cancellation));

    /// <summary>Mean refusal score of the harmless prompts with the raw vector added at its own layer.</summary>
    public double Induce(IDirectionModel model, RefusalDirection direction, CancellationToken cancellation) => MeanScore(model, Logits(
        model, _harmless, InterventionSet.Of(Intervention.Add(direction.Vector, 1, direction.Block, TokenScope.All)), cancellation));

    /// <summary>Mean KL(baseline ‖ projected out) on the harmless prompts, nats.</summary>
    public double Kl(IDirectionModel model, RefusalDirection direction, DirectionBaseline baseline, CancellationToken cancellation) =>
        baseline.HarmlessLogits.Zip(Logits(model, _harmless, Without(direction), cancellation), (a, b) => DirectionScorer.KlDivergence(a, b)).Average();

    private static InterventionSet Without(RefusalDirection direction) => InterventionSet.Of(Intervention.ProjectOut(direction.Vector, TokenScope.All));

    private List<float[]> Logits(IDirectionModel model, IReadOnlyList<ImmutableArray<int>> prompts, InterventionSet edits, CancellationToken cancellation) =>
        [.. prompts.Chunk(_batchSize).SelectMany(batch => model.LastLogits([.. batch.Select(p => new PromptRow(p, edits))], cancellation))];

    private static double MeanScore(IDirectionModel model, List<float[]> logits) => logits.Average(l => RefusalScore.FromLogits(l, model.RefusalTokens));

    private static bool IsUsable(ReadOnlySpan<double> vector)
    {
        double norm = 0;
        foreach (double value in vector)
            norm += value * value;
        return norm > 0 && double.IsFinite(norm) && norm < (double)float.MaxValue * float.MaxValue;
    }
}
