using CsCheck;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Pruning;
using RefusalExplorer.Pipeline.Statistics;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Pruning;

public class ChainPrunerTests
{
    /// <summary>A function of the set with interactions, coarse enough that ties, zeros and equal neighbours come up often.</summary>
    private static Func<IReadOnlySet<int>, double> RandomP(int candidates, int levels, long seed)
    {
        SeededRandom random = new(seed);
        double[] weight = [.. Enumerable.Range(0, candidates).Select(_ => random.NextInt(3) == 0 ? random.NextGaussian() : 0)];
        return set =>
        {
            double x = set.Sum(i => weight[i]) + (0.3 * set.Count(i => set.Contains(i + 1)));
            double p = 1 / (1 + Math.Exp(x));
            return levels == 0 ? p : Math.Floor(p * levels) / levels;
        };
    }

    private static Func<bool[], double> OnMask(Func<IReadOnlySet<int>, double> p) =>
        mask => p(Enumerable.Range(0, mask.Length).Where(i => mask[i]).ToHashSet());

    [Fact]
    public void Prune_AnyFunction_DecidesExactlyAsTheLiteralAlgorithm() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 7], Gen.Int[0, 6], Gen.Int[0, 1000], Gen.Int[0, 1000]).Sample((candidates, blockSize, levels, seed, draw) =>
        {
            Func<IReadOnlySet<int>, double> p = RandomP(candidates, levels, seed);
            List<FeatureId> pool = LiteralAlgorithm1.Pool(candidates);
            PruningSettings settings = new() { BlockSize = blockSize, Seeds = [draw, draw + 1], Thresholds = [0, 0.1, 0.25, 0.5, 0.8, 1] };
            PruningResult result = ChainPruner.Prune(pool, new FakeProbability(OnMask(p)), settings);
            foreach (PruningChain chain in result.Chains)
            {
                foreach (ChainDecision decision in chain.Decisions)
                {
                    (List<bool> accepted, HashSet<int> kept) = LiteralAlgorithm1.Run(candidates, blockSize, decision.Threshold, chain.Seed, p);
                    Assert.Equal(accepted, decision.Accepted);
                    Assert.Equal(kept.Select(i => pool[i]).Order(), decision.Kept);
                }
            }
        }, iter: 300);

    [Fact]
    public void Prune_AllSeedsAndThresholds_IsOneBatchWithOneSetABlock()
    {
        FakeProbability p = new(mask => mask.Count(m => m) / 100.0);
        PruningResult result = ChainPruner.Prune(LiteralAlgorithm1.Pool(52), p);
        Assert.Equal((1, 1 + (3 * 10)), (p.Calls, p.Sets));
        Assert.Equal(31, result.Evaluations);
        Assert.All(result.Chains, c => Assert.Equal((10, 11), (c.Blocks.Length, c.Probabilities.Length)));
    }

    [Fact]
    public void Prune_LeftoverSmallerThanABlock_IsNeverDrawnAndNeverKept()
    {
        PruningResult result = ChainPruner.Prune(LiteralAlgorithm1.Pool(7), new FakeProbability(m => m.Count(x => x) * 0.1), new() { Seeds = [4] });
        PruningChain chain = Assert.Single(result.Chains);
        Assert.Single(chain.Blocks);
        Assert.Equal(5, chain.Decisions[0].Kept.Length);
    }

    [Fact]
    public void Prune_ZeroProbability_FollowsTheLiteralComparison()
    {
        // 0 → 0 is 0/0, not a number and no acceptance; 0 → 0.5 is infinite and one.
        List<FeatureId> pool = LiteralAlgorithm1.Pool(3);
        PruningResult result = ChainPruner.Prune(pool, new FakeProbability(m => m.Any(x => x) ? 0 : 0.5), new() { BlockSize = 1, Seeds = [1] });
        Assert.All(result.Chains[0].Decisions, d => Assert.Equal([false, false, true], d.Accepted));
    }

    [Fact]
    public void Prune_OverSeeds_KeepsWhatEveryChainKept()
    {
        List<FeatureId> pool = LiteralAlgorithm1.Pool(30);
        PruningResult result = ChainPruner.Prune(pool, new FakeProbability(OnMask(RandomP(30, 0, 5))));
        Assert.All(result.Sets, (set, t) => Assert.Equal(
            pool.Where(f => result.Chains.All(c => c.Decisions[t].Kept.Contains(f))).Order(), set.Features));
        Assert.Contains(result.Sets, s => s.Features.Length > 0);
    }

    [Theory]
    [InlineData(0, "block size 0")]
    [InlineData(5, "expected at least one, each once")]
    public void Prune_UnusableInput_SaysWhatWasExpected(int blockSize, string message)
    {
        FeatureId twice = new(2, 2);
        PipelineException e = Assert.Throws<PipelineException>(() =>
            ChainPruner.Prune([twice, twice], new FakeProbability(_ => 0.5), new() { BlockSize = blockSize }));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Prune_ProbabilityNotANumber_NamesTheSet() =>
        Assert.Contains("P of ablation set 1 is NaN", Assert.Throws<PipelineException>(() =>
            ChainPruner.Prune(LiteralAlgorithm1.Pool(5), new FakeProbability(_ => double.NaN))).Message, StringComparison.Ordinal);
}
