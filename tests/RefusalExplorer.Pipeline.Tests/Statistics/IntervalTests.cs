using CsCheck;
using RefusalExplorer.Pipeline.Statistics;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Statistics;

public class IntervalTests
{
    [Theory]
    // Newcombe 1998 (Statistics in Medicine 17), table I, method 3 (Wilson score).
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0.0000, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void Wilson_NewcombesExamples_AreAsPublished(int successes, int trials, double low, double high)
    {
        ConfidenceInterval interval = WilsonInterval.Of(successes, trials);
        Assert.Equal(low, interval.Low, 0.00005);
        Assert.Equal(high, interval.High, 0.00005);
    }

    [Theory]
    [InlineData(0, 0, 0.95)]
    [InlineData(3, 2, 0.95)]
    [InlineData(1, 2, 1.0)]
    public void Wilson_ImpossibleInput_IsRefused(int successes, int trials, double level) =>
        Assert.Throws<PipelineException>(() => WilsonInterval.Of(successes, trials, level));

    [Fact]
    public void Wilson_AnyCounts_HoldTheEstimateWithinZeroAndOne() =>
        Gen.Int[1, 500].SelectMany(n => Gen.Select(Gen.Int[0, n], Gen.Const(n))).Sample((k, n) =>
        {
            ConfidenceInterval i = WilsonInterval.Of(k, n);
            return 0 <= i.Low && i.Low <= i.Estimate && i.Estimate <= i.High && i.High <= 1;
        });

    [Theory]
    [InlineData(0.975, 1.959963984540054)]
    [InlineData(0.995, 2.5758293035489004)]
    [InlineData(0.5, 0)]
    [InlineData(0.05, -1.6448536269514722)]
    public void NormalQuantile_TabulatedValues_AgreeTo12Digits(double p, double z) => Assert.Equal(z, NormalDistribution.Quantile(p), 1e-12);

    [Fact]
    public void Bootstrap_OfAMean_IsNearTheNormalInterval_AndRepeatsWithItsSeed()
    {
        SeededRandom random = new(5);
        double[] data = [.. Enumerable.Range(0, 400).Select(_ => random.NextGaussian())];
        double Mean(IReadOnlyList<int> indices) => indices.Average(i => data[i]);
        BootstrapResult result = Bootstrap.Percentile(data.Length, Mean, seed: 1);
        double mean = data.Average();
        double half = 1.96 * Math.Sqrt(data.Sum(x => (x - mean) * (x - mean)) / data.Length / data.Length);
        Assert.Equal(mean, result.Interval.Estimate, 1e-12);
        Assert.Equal(mean - half, result.Interval.Low, 0.015);
        Assert.Equal(mean + half, result.Interval.High, 0.015);
        Assert.Equal(result, Bootstrap.Percentile(data.Length, Mean, seed: 1));
        Assert.NotEqual(result, Bootstrap.Percentile(data.Length, Mean, seed: 2));
    }

    [Fact]
    public void Bootstrap_UndefinedResamples_AreLeftOutAndCounted()
    {
        BootstrapResult result = Bootstrap.Percentile(2, i => i[0] == i[1] ? double.NaN : 3, resamples: 200);
        Assert.InRange(result.Defined, 60, 140);
        Assert.Equal((3.0, 3.0), (result.Interval.Low, result.Interval.High));
    }

    [Fact]
    public void RankTest_ValueBelowAllDraws_HasTheLeastPossiblePValue()
    {
        double[] draws = [.. Enumerable.Range(1, 99).Select(i => (double)i)];
        Assert.Equal(0.01, RankTest.Against(0, draws, Tail.Lower).PValue, 1e-12);
        Assert.Equal(0.02, RankTest.Against(0, draws, Tail.Both).PValue, 1e-12);
        Assert.Equal(1, RankTest.Against(0, draws, Tail.Upper).PValue, 1e-12);
        Assert.Equal(0.11, RankTest.Against(10, draws, Tail.Lower).PValue, 1e-12);
    }

    [Fact]
    public void Shuffle_OfFour_ReachesEveryOrderEquallyOften()
    {
        Dictionary<string, int> seen = [];
        SeededRandom random = new(11);
        for (int i = 0; i < 24_000; i++)
        {
            char[] items = ['a', 'b', 'c', 'd'];
            random.Shuffle<char>(items);
            string key = new(items);
            seen[key] = seen.GetValueOrDefault(key) + 1;
        }
        Assert.Equal(24, seen.Count);
        Assert.All(seen.Values, n => Assert.InRange(n, 850, 1150));
    }

    [Fact]
    public void SplitMix64_OfSeed1234567_IsThePublishedStream()
    {
        SeededRandom random = new(1234567);
        Assert.Equal(
            [6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL],
            [random.NextUInt64(), random.NextUInt64(), random.NextUInt64()]);
    }
}
