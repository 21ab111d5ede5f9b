using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Pruning;

/// <summary>
/// Algorithm 1 of the paper, "Block-Wise Selection of a Faithful Latent Set", as one batch.
/// </summary>
/// <remarks>
/// The algorithm looks sequential but is not where it matters. Accepting a block V moves it from C∖K to K, rejecting it removes it from C:
/// either way the ablated set C∖K loses exactly V. So for one seed the sets A₀ = C, A₁ = C∖V₁, A₂ = C∖(V₁∪V₂), … are fixed by the drawn
/// blocks alone, whatever τ decides, and Δᵢ = |P(Aᵢ₋₁) − P(Aᵢ)| / P(Aᵢ₋₁) (Eq. 1). All sets of all chains go through the model together, and
/// one chain serves every threshold. Where P(Aᵢ₋₁) is 0, Δ is ∞ (accepted) or, if P(Aᵢ) is 0 too, not a number (rejected), as the literal
/// comparison has it.
/// </remarks>
public static class ChainPruner
{
    /// <summary>Prunes with blocks drawn by the seeds.</summary>
    /// <param name="pool">C, distinct features.</param>
    /// <param name="probability">P over this pool.</param>
    /// <param name="settings">N, τ, seeds.</param>
    /// <param name="done">Told the share of sets done, 0–1.</param>
    /// <param name="cancellation">Stops between parts of the batch.</param>
    /// <exception cref="PipelineException">The settings or the pool are not usable, or a probability is outside 0–1.</exception>
    public static PruningResult Prune(
        IReadOnlyList<FeatureId> pool, IAblationProbability probability, PruningSettings? settings = null,
        IProgress<double>? done = null, CancellationToken cancellation = default)
    {
        PruningPlan plan = PruningPlan.Create(pool, settings ?? new());
        return plan.Decide(probability.Evaluate(plan.Masks, done is null ? null : new Share(done, plan.Masks.Count), cancellation));
    }

    /// <summary>The blocks that a seed draws, as places in the pool: a random permutation cut into whole blocks.</summary>
    public static ImmutableArray<ImmutableArray<int>> DrawBlocks(int poolSize, int blockSize, long seed)
    {
        int[] order = [.. Enumerable.Range(0, poolSize)];
        new SeededRandom(seed).Shuffle<int>(order);
        return [.. order.Chunk(blockSize).Where(b => b.Length == blockSize).Select(b => b.ToImmutableArray())];
    }

    /// <summary>Prunes with the given blocks (places in the pool), one chain for each seed.</summary>
    internal static PruningResult Prune(
        IReadOnlyList<FeatureId> pool, IReadOnlyList<(long Seed, ImmutableArray<ImmutableArray<int>> Blocks)> draws,
        IAblationProbability probability, ImmutableArray<double> thresholds, IProgress<double>? done, CancellationToken cancellation)
    {
        PruningPlan plan = PruningPlan.Of(pool, draws, thresholds);
        double[] values = probability.Evaluate(plan.Masks, done is null ? null : new Share(done, plan.Masks.Count), cancellation);
        return plan.Decide(values);
    }

    /// <summary>Δ of Eq. 1.</summary>
    internal static double RelativeChange(double before, double after) => Math.Abs(before - after) / before;

    internal static void CheckProbabilities(double[] values, int expected)
    {
        if (values.Length != expected)
            throw new PipelineException($"pruning: {values.Length} probabilities for {expected} ablation sets");
        int bad = Array.FindIndex(values, v => !(v >= 0 && v <= 1));
        if (bad >= 0)
            throw new PipelineException($"pruning: P of ablation set {bad + 1} is {values[bad]}; expected 0 to 1 (the ablated model's logits may be not finite)");
    }

    private sealed class Share(IProgress<double> done, int all) : IProgress<int>
    {
        public void Report(int value) => done.Report((double)value / all);
    }
}
