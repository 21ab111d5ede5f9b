using CsCheck;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Pruning;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Pruning;

public class LeaveOneOutTests
{
    private static readonly List<FeatureId> Pool = LiteralAlgorithm1.Pool(8);

    /// <summary>Refusal falls by each ablated weight; the largest two are 0.4 and 0.3.</summary>
    private static readonly double[] Weights = [0.4, 0, 0.3, 0.05, 0.02, 0, 0.01, 0];

    private static double P(bool[] mask) => 0.9 - mask.Zip(Weights, (m, w) => m ? w : 0).Sum();

    [Fact]
    public void Run_SetWithPassengers_DropsThemAndProvesTheRest()
    {
        LeaveOneOutResult result = LeaveOneOut.Run(Pool, Pool[..5], new FakeProbability(P), limit: 0.25);
        Assert.Equal([Pool[0], Pool[2]], result.Features.OrderBy(f => f.Index));
        Assert.True(result.Works && result.IsMinimal);
        Assert.Equal(4, result.Passes.Length);
        Assert.Equal(6 + 5 + 4 + 3, result.Evaluations);
    }

    [Fact]
    public void Run_OnePass_OnlyReports()
    {
        LeaveOneOutResult result = LeaveOneOut.Run(Pool, Pool[..5], new FakeProbability(P), limit: 0.25, passes: 1);
        Assert.Equal(5, result.Features.Length);
        Assert.False(result.IsMinimal);
        Assert.Equal([Pool[0], Pool[2]], result.Passes[0].Each.Where(e => e.IsNeeded).Select(e => e.Feature).OrderBy(f => f.Index));
    }

    [Fact]
    public void Run_SetThatDoesNotWork_DropsNothing()
    {
        LeaveOneOutResult result = LeaveOneOut.Run(Pool, [Pool[1], Pool[3]], new FakeProbability(P), limit: 0.25);
        Assert.False(result.Works || result.IsMinimal);
        Assert.Single(result.Passes);
    }

    [Fact]
    public void Run_AnyFunction_EndsWithASetThatNeedsEachOfItsFeatures() =>
        Gen.Select(Gen.Double[0, 1].Array[256], Gen.Double[0.2, 0.9]).Sample((table, limit) =>
        {
            double Lookup(bool[] mask) => table[mask.Select((m, i) => m ? 1 << i : 0).Sum()];
            LeaveOneOutResult result = LeaveOneOut.Run(Pool, Pool, new FakeProbability(Lookup), limit);
            if (table[255] > limit)
                return !result.Works;
            bool[] Mask(IEnumerable<FeatureId> set) => [.. Pool.Select(set.Contains)];
            return Lookup(Mask(result.Features)) <= limit
                && result.Features.All(f => Lookup(Mask(result.Features.Remove(f))) > limit);
        });

    [Fact]
    public void Run_FeatureOutsideThePool_NamesIt() =>
        Assert.Contains("L9-9 is not in the pool of 8", Assert.Throws<PipelineException>(() =>
            LeaveOneOut.Run(Pool, [new FeatureId(9, 9)], new FakeProbability(P), 0.5)).Message, StringComparison.Ordinal);
}
