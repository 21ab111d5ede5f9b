using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Web.Charts;
using RefusalExplorer.Web.Charts.Analyses;
using RefusalExplorer.Web.Theme;
using Xunit;
using Role = RefusalExplorer.Pipeline.Analyses.Results.SeriesRole;
using SeriesRole = RefusalExplorer.Web.Charts.SeriesRole;

namespace RefusalExplorer.Web.Tests.Analyses;

public sealed class AnalysisFiguresTests
{
    private static readonly LineChart Line = new()
    {
        Id = "cosine",
        Title = "Cosine",
        XTitle = "layer",
        YTitle = "cosine",
        Marker = 2,
        MarkerText = "read here",
        Series = [new LineSeries { Name = "harmful", Role = Role.Features, X = [0, 1, 2], Y = [0.1, double.NaN, 0.5], Low = [0, 0, 0.3], High = [0.2, 0, 0.9] }],
    };

    private static readonly DistributionChart Draws = new()
    {
        Id = "draws",
        Title = "Draws",
        XTitle = "P",
        Groups = [new Distribution { Name = "random", Draws = [0.5, 0.6, 0.7], Note = "p = 0.25" }, new Distribution { Name = "matched", Draws = [0.8] }],
        Value = 0.1,
        ValueName = "own",
        Reference = 0.9,
        ReferenceName = "no ablation",
    };

    [Fact]
    public void Line_LeavesGapsOut_AndKeepsItsInterval()
    {
        Figure figure = AnalysisFigures.Of(Line);

        Series series = Assert.Single(figure.Series);
        Assert.Equal([0.0, 2.0], series.X);
        Assert.Equal([0.1, 0.5], series.Y);
        Assert.True(series.Band);
        Assert.Equal(0.4, series.ErrorPlus[1], 9);
        Assert.Equal(0.2, series.ErrorMinus[1], 9);
        Assert.Equal(SeriesRole.Intervened, series.Role);
        Assert.Equal(new Rule(2, "read here", SeriesRole.Control, Dashed: true), Assert.Single(figure.Rules));
    }

    [Fact]
    public void Bars_WithLongNames_LieAcross_TheFirstOnTop()
    {
        var chart = new BarChart
        {
            Id = "c",
            Title = "By category",
            YTitle = "share",
            Shares = true,
            Categories = ["a very long category", "b", "c", "d"],
            Series = [new BarSeries { Name = "x", Values = [0.1, 0.2, 0.3, double.NaN], Low = [0, 0, 0, 0], High = [1, 1, 1, 1] }],
        };

        Figure figure = AnalysisFigures.Of(chart);

        Series series = Assert.Single(figure.Series);
        Assert.Equal(SeriesKind.BarsAcross, series.Kind);
        Assert.Equal(["c", "b", "a very long category"], series.Y);
        Assert.Equal([0.3, 0.2, 0.1], series.X);
        Assert.Equal((0, 1), figure.X.Range);
        Assert.True(figure.Y.Category);
    }

    [Fact]
    public void Heat_IsDrawnFromTheBottom_WithHolesForMissingValues()
    {
        var chart = new HeatMapChart { Id = "h", Title = "Map", Columns = ["x", "y"], Rows = ["top", "bottom"], Values = [[1, double.NaN], [3, 4]], Max = 4 };

        Series series = Assert.Single(AnalysisFigures.Of(chart).Series);

        Assert.Equal(["bottom", "top"], series.Y);
        Assert.Equal([3, 4], series.Z[0]);
        Assert.Equal([1, null], series.Z[1]);
    }

    [Fact]
    public void Distribution_HasTheValueAsARule_AndEachDrawInItsStrip()
    {
        Figure figure = AnalysisFigures.Of(Draws);

        Assert.Equal([0.1, 0.9], figure.Rules.Select(r => r.At));
        Assert.Equal([(1, "random<br>p = 0.25"), (0, "matched")], figure.Y.Ticks);
        Assert.All(figure.Series[0].Y, y => Assert.InRange((double)y, 0.75, 1.25));
        Assert.All(figure.Series[1].Y, y => Assert.InRange((double)y, -0.25, 0.25));
    }

    [Theory]
    [InlineData(2, ".2~f")]
    [InlineData(11, null)]
    public void Heat_WritesItsNumbers_WhereThereIsRoom(int size, string? format)
    {
        ImmutableArray<string> names = [.. Enumerable.Range(0, size).Select(i => $"{i}")];
        var chart = new HeatMapChart { Id = "h", Title = "Map", Columns = names, Rows = names, Values = [.. names.Select(_ => names.Select(_ => 0.5).ToImmutableArray())] };

        Assert.Equal(format, Assert.Single(AnalysisFigures.Of(chart).Series).CellFormat);
    }

    [Fact]
    public void Plot_GivesSeriesWithoutARole_NoColourThatARoleHas()
    {
        Role[] roles = [Role.Baseline, Role.Direction, Role.Features, Role.Other, Role.Control, Role.Other];
        var chart = new BarChart { Id = "b", Title = "Arms", Categories = ["all"], Series = [.. roles.Select((r, i) => new BarSeries { Name = $"{i}", Role = r, Values = [1] })] };

        foreach (ChartPalette palette in (ChartPalette[])[ChartPalette.Light, ChartPalette.Dark])
        {
            string[] colours = [.. FigurePlot.Traces(AnalysisFigures.Of(chart), palette).Cast<Plotly.Blazor.Traces.Bar>().Select(t => (string)t.Marker.Color)];
            Assert.Equal(roles.Length, colours.Distinct().Count());
            Assert.Equal([palette.Series[3], palette.Series[4]], [colours[3], colours[5]]);
        }
    }

    [Fact]
    public void EqualCharts_GiveEqualFigures_SoThatNothingIsDrawnTwice()
    {
        Assert.Equal(AnalysisFigures.Of(Draws), AnalysisFigures.Of(Draws with { }));
        Assert.NotEqual(AnalysisFigures.Of(Draws), AnalysisFigures.Of(Draws with { Value = 0.2 }));
    }

    [Fact]
    public void Plot_DrawsABandBelowItsLine_AndRulesInBothThemes()
    {
        foreach (ChartPalette palette in (ChartPalette[])[ChartPalette.Light, ChartPalette.Dark])
        {
            Assert.Equal(2, FigurePlot.Traces(AnalysisFigures.Of(Line), palette).Count);
            Plotly.Blazor.Layout layout = FigurePlot.Layout(AnalysisFigures.Of(Draws), palette);
            Assert.Equal(2, layout.Shapes.Count);
            Assert.Equal(palette.Intervened, layout.Shapes[0].Line.Color);
            Assert.Equal(["own", "no ablation"], layout.Annotations.Select(a => a.Text));
        }
    }

    [Fact]
    public void ChartData_HoldsEveryPoint()
    {
        Assert.Equal("series,layer,cosine,low,high\r\nharmful,0,0.1,0,0.2\r\nharmful,1,,0,0\r\nharmful,2,0.5,0.3,0.9\r\n", ChartData.Of(Line).ToCsv());
        Assert.Equal(["own", "no ablation", "random", "random", "random", "matched"], ChartData.Of(Draws).Column("group").Select(c => c.Text));
    }
}
