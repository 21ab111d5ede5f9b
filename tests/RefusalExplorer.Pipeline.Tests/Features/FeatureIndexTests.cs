using System.Collections.Immutable;
using CsCheck;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Pipeline.Statistics;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Features;

public sealed class FeatureIndexTests
{
    // 13 layers of 65,536 features, as Gemma's: 851,968.
    private const int Layers = 13, Width = 65_536;
    private static readonly Lazy<FeatureIndex> Large = new(() => new FeatureIndex(Columns(Layers, Width)));

    [Fact]
    public void Search_OfARange_LooksAtThatRangeAlone()
    {
        FeatureColumns columns = Large.Value.Columns;
        float[] known = [.. columns.Cosine.Where(float.IsFinite).Order()];
        float least = known[^100];

        FeatureMatches found = Large.Value.Search(new FeatureFilter { Cosine = new Bounds(least, null), Layers = [3, 4, 5] }, FeatureOrder.Cosine, descending: true);

        Assert.Equal(851_968, columns.Count);
        Assert.Equal(100, found.Examined);
        Assert.NotEmpty(found.Rows);
        Assert.All(found.Rows, r => Assert.True(columns.Cosine[r] >= least && columns.At(r).Layer is 3 or 4 or 5));
    }

    [Fact]
    public void Search_OfASet_LooksAtTheSetAlone()
    {
        FeatureSet study = FeatureSet.Of("study", Enumerable.Range(0, 300).Select(i => new FeatureId(i % Layers, 7 * i)), Large.Value.Columns);
        FeatureSet label = FeatureSet.Of("label", Enumerable.Range(0, 40_000).Select(i => new FeatureId(i % Layers, i)), Large.Value.Columns);

        FeatureMatches found = Large.Value.Search(new FeatureFilter { In = [label, study], Density = new Bounds(1e-5f, 0.9f) }, FeatureOrder.Density);

        Assert.Equal(300, found.Examined);
        Assert.Equal(found.Rows, found.Rows.OrderBy(r => Large.Value.Columns.Density[r]).ThenBy(r => r));
    }

    [Fact]
    public void Search_OfALayer_LooksAtTheLayerAlone()
    {
        FeatureMatches found = Large.Value.Search(new FeatureFilter { Layers = [7] });

        Assert.Equal(Width, found.Examined);
        Assert.Equal(Width, found.Rows.Count);
        Assert.Equal(new FeatureId(7, 0), Large.Value.Columns.At(found.Rows[0]));
    }

    [Theory]
    [InlineData(FeatureOrder.Feature, false)]
    [InlineData(FeatureOrder.Cosine, true)]
    [InlineData(FeatureOrder.Density, false)]
    public void Search_OfEverything_LooksAtNothingAndCopiesNothing(FeatureOrder order, bool descending)
    {
        FeatureMatches found = Large.Value.Search(new FeatureFilter(), order, descending);

        Assert.Equal(0, found.Examined);
        Assert.Equal(851_968, found.Rows.Count);
        Assert.Equal(851_968, found.Rows.Distinct().Count());
        Assert.IsNotType<int[]>(found.Rows);
    }

    [Fact]
    public void Search_FindsWhatLookingAtEveryFeatureFinds()
    {
        var index = new FeatureIndex(Columns(4, 60));
        FeatureColumns columns = index.Columns;
        Gen<Bounds> bounds = Gen.Select(Gen.Float[-1.2f, 1.2f].Nullable(), Gen.Float[-1.2f, 1.2f].Nullable()).Select((from, to) => new Bounds(from, to));
        Gen<FeatureSet> set = Gen.Int[0, 239].Array[0, 60].Select(rows => new FeatureSet("s", [.. rows.Distinct().Order()]));
        Gen<FeatureFilter> filter = Gen.Select(Gen.Int[0, 5].Array[0, 3], bounds, bounds, set.Array[0, 2], set.Array[0, 1]).Select((layers, cosine, density, inside, outside) =>
            new FeatureFilter { Layers = [.. layers], Cosine = cosine, Density = density, In = [.. inside], NotIn = [.. outside] });

        Gen.Select(filter, Gen.Enum<FeatureOrder>(), Gen.Bool).Sample((f, order, descending) =>
        {
            int[] expected = [.. Enumerable.Range(0, columns.Count).Where(r => Literal(columns, f, r))];
            FeatureMatches found = index.Search(f, order, descending);
            Assert.Equal(expected, found.Rows.Order());
            Assert.Equal(Sorted(columns, expected, order, descending), found.Rows);
        }, iter: 2000);
    }

    [Fact]
    public void Columns_NameRowsBothWays_AlsoAcrossEmptyLayers()
    {
        var columns = new FeatureColumns([new LayerColumns(9, 3, "c"), new LayerColumns(2, 2, "a"), new LayerColumns(5, 0, "b")]);

        Assert.Equal([new FeatureId(2, 0), new(2, 1), new(9, 0), new(9, 1), new(9, 2)], Enumerable.Range(0, 5).Select(columns.At));
        Assert.All(Enumerable.Range(0, 5), r => Assert.Equal(r, columns.Row(columns.At(r))));
        Assert.Equal(-1, columns.Row(new FeatureId(2, 2)));
        Assert.Equal(-1, columns.Row(new FeatureId(3, 0)));
        Assert.True(float.IsNaN(columns.Cosine[0]));
        Assert.Throws<PipelineException>(() => new FeatureColumns([new LayerColumns(1, 3, "x", Cosine: [1f])]));
    }

    private static bool Literal(FeatureColumns columns, FeatureFilter filter, int row)
    {
        static bool Within(Bounds b, float v) => (b.From is null && b.To is null) || (!float.IsNaN(v) && !(v < b.From) && !(v > b.To));
        return (filter.Layers.IsEmpty || filter.Layers.Contains(columns.At(row).Layer)) && Within(filter.Cosine, columns.Cosine[row]) &&
            Within(filter.Density, columns.Density[row]) && filter.In.All(s => s.Rows.Contains(row)) && !filter.NotIn.Any(s => s.Rows.Contains(row));
    }

    private static int[] Sorted(FeatureColumns columns, int[] rows, FeatureOrder order, bool descending)
    {
        float[]? values = order switch { FeatureOrder.Cosine => columns.Cosine, FeatureOrder.Density => columns.Density, FeatureOrder.Max => columns.Max, _ => null };
        if (values is null)
            return [.. descending ? rows.OrderDescending() : rows.Order()];
        IEnumerable<int> known = rows.Where(r => !float.IsNaN(values[r]));
        known = descending ? known.OrderByDescending(r => values[r]).ThenByDescending(r => r) : known.OrderBy(r => values[r]).ThenBy(r => r);
        return [.. known, .. rows.Where(r => float.IsNaN(values[r])).Order()];
    }

    private static FeatureColumns Columns(int layers, int width)
    {
        var random = new SeededRandom(5);
        // Ties and numbers that are not known, as in life.
        return new FeatureColumns(Enumerable.Range(0, layers).Select(l => new LayerColumns(
            l, width, $"sae{l}",
            Cosine: [.. Enumerable.Range(0, width).Select(_ => (float)Math.Tanh(0.3 * random.NextGaussian()))],
            Density: l == 2 ? null : [.. Enumerable.Range(0, width).Select(_ => random.NextInt(20) / 20f)])));
    }
}
