using CsCheck;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Candidates;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Tests.Pruning;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Candidates;

public class CandidateTests
{
    [Fact]
    public void Rank_AnyCosines_AreTheFirstOfAFullSort() =>
        Gen.Select(Gen.Int[-5, 5].Array[1, 60], Gen.Int[1, 70]).Sample((tenths, keep) =>
        {
            float[] cosines = [.. tenths.Select(x => x == -5 ? float.NaN : x / 10f)];
            RankedFeature[] sorted = [.. cosines.Select((c, f) => new RankedFeature(new FeatureId(3, f), c)).Where(r => !float.IsNaN(r.Cosine))
                .OrderByDescending(r => r.Cosine).ThenBy(r => r.Feature.Index).Take(keep)];
            Assert.Equal(sorted, CandidateRanking.Rank([3], _ => cosines, keep).ByLayer[3]);
        });

    [Fact]
    public void Rank_FirstTwoLayers_AreLeftOutUnlessAskedFor()
    {
        Assert.Equal([2, 5], CandidateRanking.Rank([0, 1, 2, 5], _ => [1f]).ByLayer.Keys);
        Assert.Equal([0, 1, 2, 5], CandidateRanking.Rank([0, 1, 2, 5], _ => [1f], excluded: []).ByLayer.Keys);
        Assert.Contains("no layer is left", Assert.Throws<PipelineException>(() => CandidateRanking.Rank([0, 1], _ => [1f])).Message, StringComparison.Ordinal);
    }

    private static readonly CandidateRanking Ranking = CandidateRanking.Rank([2, 3], l => [.. Enumerable.Range(0, 50).Select(f => (l * f % 11) / 11f)]);

    private static SweepResult Sweep(Func<int, VerdictKind> verdictOfCount, List<int>? generated = null) => CandidateSweep.Run(
        Ranking, [10, 20, 30, 40], pool => new FakeProbability(mask => 1 - (mask.Count(m => m) / (2.0 * pool.Count))),
        features =>
        {
            generated?.Add(features.Count);
            return new Verdict(verdictOfCount(features.Count), "test");
        });

    [Fact]
    public void Sweep_FirstComplyingK_StopsGeneratingButKeepsTheCurve()
    {
        List<int> generated = [];
        SweepResult result = Sweep(count => count >= 40 ? VerdictKind.Complied : VerdictKind.Refused, generated);
        Assert.Equal(20, result.SmallestK);
        Assert.Equal([20, 40], generated);
        Assert.Equal([(10, 20), (20, 40), (30, 60), (40, 80)], result.Curve.Select(p => (p.K, p.Features)));
        Assert.Equal([0.875, 0.75, 0.625, 0.5], result.Curve.Select(p => p.Probability));
        Assert.Equal(1, result.Baseline);
        Assert.Null(result.Curve[3].Verdict);
    }

    [Fact]
    public void Sweep_DegenerateResponses_AreNoJailbreak() => Assert.Null(Sweep(_ => VerdictKind.Degenerate).SmallestK);

    [Fact]
    public void Sweep_LargerK_AblatesWhatSmallerKDid() =>
        Assert.All(new[] { 1, 5, 20, 49 }, k => Assert.Subset(Ranking.Take(k + 1).ToHashSet(), Ranking.Take(k).ToHashSet()));

    [Fact]
    public void Sweep_DescendingSteps_AreRefused() =>
        Assert.Throws<PipelineException>(() => CandidateSweep.Run(Ranking, [20, 10], _ => new FakeProbability(_ => 0), _ => new Verdict(VerdictKind.Complied, "test")));
}
