using System.Collections.Immutable;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Pruning;

/// <summary>All ablation sets that the chains of one prompt need, known before the first is evaluated, and the decisions that follow from their P.</summary>
/// <remarks>Who evaluates them, how many at a time and when, changes nothing: a study does so in pieces.</remarks>
public sealed class PruningPlan
{
    private readonly IReadOnlyList<FeatureId> _pool;
    private readonly IReadOnlyList<(long Seed, ImmutableArray<ImmutableArray<int>> Blocks)> _draws;
    private readonly ImmutableArray<double> _thresholds;

    private PruningPlan(
        IReadOnlyList<FeatureId> pool, IReadOnlyList<(long Seed, ImmutableArray<ImmutableArray<int>> Blocks)> draws, ImmutableArray<double> thresholds)
    {
        (_pool, _draws, _thresholds) = (pool, draws, thresholds);
        // A₀ = C is every chain's first set: evaluated once.
        List<bool[]> masks = [AllOf(pool.Count)];
        foreach ((_, ImmutableArray<ImmutableArray<int>> blocks) in draws)
            AddChain(masks, blocks);
        Masks = masks;
    }

    /// <summary>The sets, as flags over the pool: C first, then A₁, A₂, … of each chain.</summary>
    public IReadOnlyList<bool[]> Masks { get; }

    /// <summary>Draws the blocks of each seed.</summary>
    /// <param name="pool">C, distinct features.</param>
    /// <param name="settings">N, τ, seeds.</param>
    /// <exception cref="PipelineException">The settings or the pool are not usable.</exception>
    public static PruningPlan Create(IReadOnlyList<FeatureId> pool, PruningSettings settings)
    {
        settings.Check();
        return Of(pool, [.. settings.Seeds.Select(seed => (seed, ChainPruner.DrawBlocks(pool.Count, settings.BlockSize, seed)))], settings.Thresholds);
    }

    internal static PruningPlan Of(
        IReadOnlyList<FeatureId> pool, IReadOnlyList<(long Seed, ImmutableArray<ImmutableArray<int>> Blocks)> draws, ImmutableArray<double> thresholds) =>
        pool.Count == 0 || pool.Distinct().Count() != pool.Count
            ? throw new PipelineException($"pruning: a pool of {pool.Count} features; expected at least one, each once")
            : new PruningPlan(pool, draws, thresholds);

    /// <summary>The decisions of every chain and threshold.</summary>
    /// <param name="values">P of each set of <see cref="Masks"/>.</param>
    /// <exception cref="PipelineException">Too few or too many probabilities, or one outside 0–1.</exception>
    public PruningResult Decide(double[] values)
    {
        ChainPruner.CheckProbabilities(values, Masks.Count);
        List<PruningChain> chains = [];
        int next = 1;
        foreach ((long seed, ImmutableArray<ImmutableArray<int>> blocks) in _draws)
        {
            chains.Add(Decide(seed, blocks, [values[0], .. values.AsSpan(next, blocks.Length)]));
            next += blocks.Length;
        }
        return new PruningResult([.. _pool], [.. chains], [.. _thresholds.Select((_, t) => Intersect(chains, t))], Masks.Count);
    }

    private static bool[] AllOf(int count)
    {
        bool[] mask = new bool[count];
        Array.Fill(mask, true);
        return mask;
    }

    private static void AddChain(List<bool[]> masks, ImmutableArray<ImmutableArray<int>> blocks)
    {
        bool[] mask = masks[0];
        foreach (ImmutableArray<int> block in blocks)
        {
            mask = [.. mask];
            foreach (int place in block)
                mask[place] = false;
            masks.Add(mask);
        }
    }

    private PruningChain Decide(long seed, ImmutableArray<ImmutableArray<int>> places, ImmutableArray<double> p)
    {
        ImmutableArray<ImmutableArray<FeatureId>> blocks = [.. places.Select(b => b.Select(i => _pool[i]).ToImmutableArray())];
        ImmutableArray<double> changes = [.. blocks.Select((_, i) => ChainPruner.RelativeChange(p[i], p[i + 1]))];
        return new PruningChain(seed, blocks, p, changes,
        [
            .. _thresholds.Select(tau => new ChainDecision(tau, [.. changes.Select(delta => delta >= tau)],
                [.. blocks.Where((_, i) => changes[i] >= tau).SelectMany(b => b).Order()])),
        ]);
    }

    private static FaithfulSet Intersect(List<PruningChain> chains, int threshold)
    {
        IEnumerable<FeatureId> kept = chains[0].Decisions[threshold].Kept;
        foreach (PruningChain chain in chains.Skip(1))
            kept = kept.Intersect(chain.Decisions[threshold].Kept);
        return new FaithfulSet(chains[0].Decisions[threshold].Threshold, [.. kept.Order()]);
    }
}
