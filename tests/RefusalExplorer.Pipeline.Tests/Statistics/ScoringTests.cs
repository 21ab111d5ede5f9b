using CsCheck;
using RefusalExplorer.Pipeline.Statistics;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Statistics;

public class ScoringTests
{
    [Fact]
    public void Spearman_IqAndTelevisionHours_IsAsPublished()
    {
        // The textbook example of ten persons: ρ = −29/165.
        double[] iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110];
        double[] hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17];
        Assert.Equal(-29.0 / 165, Correlation.Spearman(iq, hours), 1e-12);
    }

    [Fact]
    public void Pearson_AnscombesFirstSet_IsAsPublished()
    {
        double[] x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
        double[] y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        Assert.Equal(0.816, Correlation.Pearson(x, y), 0.0005);
    }

    [Fact]
    public void Spearman_Ties_ShareTheirMeanRank() => Assert.Equal([2.0, 2.0, 2.0, 4.0], Correlation.Ranks([1, 1, 1, 5]));

    [Fact]
    public void Pearson_ConstantSide_IsNotANumber() => Assert.Equal(double.NaN, Correlation.Pearson([1, 1], [1, 2]));

    [Fact]
    public void ConfusionMatrix_SmallTable_GivesTheUsualMeasures()
    {
        (string, string)[] pairs = [("cat", "cat"), ("cat", "dog"), ("dog", "dog"), ("dog", "dog"), ("cow", "dog"), ("cow", "cow")];
        ConfusionMatrix<string> matrix = ConfusionMatrix.Of(pairs);
        Assert.Equal(4.0 / 6, matrix.Accuracy, 1e-12);
        Assert.Equal(2.0 / 4, matrix.Precision("dog"), 1e-12);
        Assert.Equal(1, matrix.Recall("dog"), 1e-12);
        Assert.Equal(2.0 / 3, matrix.F1("dog"), 1e-12);
        Assert.Equal(1, matrix["cow", "dog"]);
        Assert.Throws<PipelineException>(() => ConfusionMatrix.Of(pairs, ["cat", "dog"]));
    }

    [Fact]
    public void Auc_AnyScores_IsTheShareOfPairsInOrder() =>
        Gen.Select(Gen.Int[0, 5], Gen.Bool).Array[2, 40].Where(a => a.Any(x => x.Item2) && a.Any(x => !x.Item2)).Sample(items =>
        {
            double[] positives = [.. items.Where(x => x.Item2).Select(x => (double)x.Item1)];
            double[] negatives = [.. items.Where(x => !x.Item2).Select(x => (double)x.Item1)];
            double literal = positives.Average(p => negatives.Average(n => p > n ? 1 : p.Equals(n) ? 0.5 : 0));
            BinaryMetrics metrics = BinaryMetrics.Of([.. items.Select(x => (double)x.Item1)], [.. items.Select(x => x.Item2)]);
            return Math.Abs(metrics.Auc - literal) < 1e-9;
        });

    [Fact]
    public void BinaryMetrics_PerfectLogits_AreOne() =>
        Assert.Equal(new BinaryMetrics(1, 1, 1, 3), BinaryMetrics.Of([-1, 2, 3], [false, true, true]));
}
