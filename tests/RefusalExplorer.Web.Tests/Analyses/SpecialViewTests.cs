using System.Collections.Immutable;
using Bunit;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Web.Charts;
using RefusalExplorer.Web.Charts.Analyses;
using RefusalExplorer.Web.Components.Pages.Analyses;
using Xunit;

namespace RefusalExplorer.Web.Tests.Analyses;

public sealed class SpecialViewTests : WebTestContext
{
    [Fact]
    public void Hydra_ShowsTheRoundsHeads_BesideEarlierOnes_OfOnePrompt()
    {
        ImmutableArray<Waking> wakings =
        [
            new(1, -1, "L3-1", 3, 0, "first token", 2, null), new(1, 0, "L4-2", 4, 7, "instruction", 1, 0.9),
            new(1, 1, "L5-3", 5, 8, "template after", 4, 0.5), new(2, 1, "L6-4", 6, 9, "instruction", 1, 0.1),
        ];

        Figure figure = HydraFigures.Map(wakings, prompt: 1, round: 1);

        Assert.Equal([4.0], figure.Series[0].Y);
        Assert.Equal([5.0], figure.Series[1].Y);
        Assert.Equal([8.0], figure.Series[1].X);
        Assert.Equal([3.0], figure.Series[2].Y);
    }

    [Fact]
    public void CategoryMap_OrdersByTheCategoryAskedFor()
    {
        AnalysisTable features = AnalysisTable.Of("features", "F",
            [new("feature", ColumnKind.Feature), new("categories", ColumnKind.Count), new("labels", ColumnKind.Text), new("fraud, share", ColumnKind.Share), new("arms, share", ColumnKind.Share), new("fraud, mean activation")],
            [["L1-1", 2, "", 0.1, 0.9, 5.0], ["L1-2", 1, "", 0.8, 0.0, 6.0]]);

        Assert.Equal(["L1-1", "L1-2"], CategoryMaps.Of(features, "", false, 10).Rows);
        Assert.Equal(["L1-2", "L1-1"], CategoryMaps.Of(features, "fraud", false, 10).Rows);
        Assert.Equal(["L1-2"], CategoryMaps.Of(features, "arms", true, 10).Rows);
        Assert.Equal([0.8, 0.0], CategoryMaps.Of(features, "fraud", false, 1).Values[0]);
    }

    [Fact]
    public void CategoryMap_OfAResultWithoutItsColumns_IsLeftOut()
    {
        AnalysisTable features = AnalysisTable.Of("features", "F", [new("feature", ColumnKind.Feature), new("fraud, share", ColumnKind.Share)], [["L1-1", 0.1]]);

        IRenderedComponent<CategoryMapView> view = Render<CategoryMapView>(p => p
            .Add(c => c.Result, ScriptedAnalysisRunner.Result("taxonomy", new(), "r", new AnalysisOutput { Tables = [features] }))
            .Add(c => c.FileName, "taxonomy"));

        Assert.Empty(view.Markup.Trim());
    }

    [Fact]
    public void Dose_TheSliderMovesTheReadings()
    {
        var output = new AnalysisOutput
        {
            Tables = [AnalysisTable.Of("doses", "By dose", [new("dose"), new("prompts", ColumnKind.Text), new("mean P(\"I\")")], [[0.0, "harmful", 0.111], [1.0, "harmful", 0.999]])],
        };
        IRenderedComponent<DoseView> view = Render<DoseView>(p => p.Add(c => c.Result, ScriptedAnalysisRunner.Result("dose-response", new(), "r", output)));
        Assert.Contains("0.111", view.Markup, StringComparison.Ordinal);

        view.Find("#dose-slider").Input("1");

        Assert.Contains("0.999", view.Markup, StringComparison.Ordinal);
        Assert.DoesNotContain("0.111", view.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Controls_CountRandomSetsThatDoAsMuch()
    {
        var chart = new DistributionChart { Id = "d", Title = "D", Groups = [new Distribution { Name = "random", Draws = [0.1, 0.5], Note = "p = 0.67" }], Value = 0.2, ValueName = "own" };
        IRenderedComponent<ControlsView> view = Render<ControlsView>(p => p.Add(
            c => c.Result, ScriptedAnalysisRunner.Result("controls", new(), "r", new AnalysisOutput { Charts = [chart] })));

        Assert.Contains("1 of 2 random sets do as much", view.Markup, StringComparison.Ordinal);
        Assert.Contains("p = 0.67", view.Markup, StringComparison.Ordinal);
    }
}
