using RefusalExplorer.Pipeline.Statistics;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Statistics;

public class AgreementTests
{
    /// <summary>Fourteen raters, ten items, five categories: the worked example of the method's usual presentation (κ = 0.210).</summary>
    private static readonly int[][] FourteenRaters =
    [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ];

    /// <summary>Fleiss 1971, table 1: thirty patients, six psychiatrists; depression, personality disorder, schizophrenia, neurosis, other.</summary>
    private static readonly int[][] Psychiatrists =
    [
        [0, 0, 0, 6, 0], [0, 3, 0, 0, 3], [0, 1, 4, 0, 1], [0, 0, 0, 0, 6], [0, 3, 0, 3, 0], [2, 0, 4, 0, 0],
        [0, 0, 4, 0, 2], [2, 0, 3, 1, 0], [2, 0, 0, 4, 0], [0, 0, 0, 0, 6], [1, 0, 0, 5, 0], [1, 1, 0, 4, 0],
        [0, 3, 3, 0, 0], [1, 0, 0, 5, 0], [0, 2, 0, 3, 1], [0, 0, 5, 0, 1], [3, 0, 0, 1, 2], [5, 1, 0, 0, 0],
        [0, 2, 0, 4, 0], [1, 0, 2, 0, 3], [0, 0, 0, 0, 6], [0, 1, 0, 5, 0], [0, 2, 0, 1, 3], [2, 0, 0, 4, 0],
        [1, 0, 0, 4, 1], [0, 5, 0, 1, 0], [4, 0, 0, 0, 2], [0, 2, 0, 4, 0], [1, 0, 5, 0, 0], [0, 0, 0, 0, 6],
    ];

    /// <summary>Krippendorff 2011, section C: four observers, twelve units, 0 where a rating is missing.</summary>
    private static readonly int[][] FourObservers =
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0], [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ];

    private static IEnumerable<IReadOnlyList<int>> Units(int[][] observers) =>
        Enumerable.Range(0, observers[0].Length).Select(u => observers.Select(o => o[u]).Where(v => v != 0).ToArray());

    [Fact]
    public void FleissKappa_FourteenRaters_IsAsPublished()
    {
        FleissKappaResult result = FleissKappa.Of(FourteenRaters);
        Assert.Equal(0.210, result.Kappa, 0.0005);
        Assert.Equal(0.378, result.Observed, 0.0005);
        Assert.Equal(0.213, result.Expected, 0.0005);
        Assert.Equal(0.253, result.ByItem[1], 0.0005);
    }

    [Fact]
    public void FleissKappa_Fleiss1971_IsAsPublishedOverallAndByCategory()
    {
        FleissKappaResult result = FleissKappa.Of(Psychiatrists);
        Assert.Equal(0.430, result.Kappa, 0.0005);
        double[] published = [0.245, 0.245, 0.520, 0.471, 0.566];
        Assert.All(published.Zip(result.ByCategory), pair => Assert.Equal(pair.First, pair.Second, 0.0005));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(30)]
    [InlineData(70)]
    public void FleissKappa_EverybodyAlwaysSaysTheSame_IsNotANumber(int items)
    {
        FleissKappaResult result = FleissKappa.Of([.. Enumerable.Repeat<IReadOnlyList<int>>([6, 0], items)]);
        Assert.Equal(double.NaN, result.Kappa);
        Assert.All(result.ByCategory, k => Assert.Equal(double.NaN, k));
    }

    [Fact]
    public void FleissKappa_UnequalNumbersOfRatings_NamesTheItem() =>
        Assert.Contains("item 2 has 2 ratings", Assert.Throws<PipelineException>(() => FleissKappa.Of([[3, 0], [1, 1]])).Message, StringComparison.Ordinal);

    [Fact]
    public void KrippendorffAlpha_CanonicalExampleWithMissingRatings_IsAsPublished()
    {
        Assert.Equal(0.743, KrippendorffAlpha.Of(Units(FourObservers), RatingDistance.Nominal), 0.0005);
        Assert.Equal(0.849, KrippendorffAlpha.Of(Units(FourObservers), (a, b) => (double)(a - b) * (a - b)), 0.0005);
    }

    [Fact]
    public void KrippendorffAlpha_TwoObservers_IsAsPublished()
    {
        int[][] binary = [[1, 2, 1, 1, 1, 1, 1, 1, 2, 1], [2, 2, 2, 1, 1, 2, 1, 1, 1, 1]];
        Assert.Equal(0.095, KrippendorffAlpha.Of(Units(binary), RatingDistance.Nominal), 0.0005);
        IEnumerable<IReadOnlyList<char>> letters = "aabbdcccedda".Zip("babbbcccéddd".Replace('é', 'e'), (a, b) => new[] { a, b });
        Assert.Equal(0.692, KrippendorffAlpha.Of(letters, RatingDistance.Nominal), 0.0005);
    }

    [Fact]
    public void KrippendorffAlpha_OfSets_EqualsTheSumOverAllPairsOfPlaces()
    {
        LabelSet[][] units =
        [
            [LabelSet.Of("a"), LabelSet.Of("a", "b")], [LabelSet.Of("c"), LabelSet.Of("b", "c"), LabelSet.Of("b", "c")],
            [LabelSet.Of(), LabelSet.Of("a")], [LabelSet.Of("a", "b"), LabelSet.Of("b", "c")], [LabelSet.Of("d")],
        ];
        Assert.Equal(LiteralAlpha(units, RatingDistance.Masi), KrippendorffAlpha.Of(units, RatingDistance.Masi), 1e-12);
    }

    [Fact]
    public void KrippendorffAlpha_EverybodySaysTheSame_IsNotANumber() =>
        Assert.Equal(double.NaN, KrippendorffAlpha.Of<int>([[1, 1], [1, 1]], RatingDistance.Nominal));

    [Fact]
    public void Masi_ByTheDefinition_IsOneMinusJaccardTimesMonotonicity()
    {
        Assert.Equal(0, RatingDistance.Masi(LabelSet.Of("b", "a"), LabelSet.Of("a", "b")));
        Assert.Equal(0, RatingDistance.Masi(LabelSet.Of(), LabelSet.Of()));
        Assert.Equal(1 - (2.0 / 4 * 2 / 3), RatingDistance.Masi(LabelSet.Of("a", "b"), LabelSet.Of("a", "b", "c", "d")), 1e-12);
        Assert.Equal(1 - (1.0 / 3 * 1 / 3), RatingDistance.Masi(LabelSet.Of("a", "b"), LabelSet.Of("b", "c")), 1e-12);
        Assert.Equal(1, RatingDistance.Masi(LabelSet.Of("a"), LabelSet.Of("b")));
        Assert.Equal(1, RatingDistance.Masi(LabelSet.Of("a"), LabelSet.Of()));
    }

    private static double LiteralAlpha(LabelSet[][] units, Func<LabelSet, LabelSet, double> distance)
    {
        LabelSet[][] pairable = [.. units.Where(u => u.Length > 1)];
        LabelSet[] pooled = [.. pairable.SelectMany(u => u)];
        double Pairs(LabelSet[] values) =>
            values.SelectMany((a, i) => values.Where((_, j) => i != j).Select(b => distance(a, b))).Sum();
        double observed = pairable.Sum(u => Pairs(u) / (u.Length - 1)) / pooled.Length;
        return 1 - (observed / (Pairs(pooled) / (pooled.Length * (pooled.Length - 1.0))));
    }
}
