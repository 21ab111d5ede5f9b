using Bunit;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Web.Components.Pages.Annotations;
using RefusalExplorer.Web.Tests.Features;
using Xunit;

namespace RefusalExplorer.Web.Tests.Annotations;

public sealed class RecentChangesTests : MeaningContext
{
    private static readonly FeatureColumns Columns = new([new LayerColumns(8, 50, "sae8")]);

    [Fact]
    public async Task Changes_OfEverybody_AreNewestFirst_AndUndoneOnesStayInSight()
    {
        await FillAsync();

        IRenderedComponent<RecentChanges> panel = Render<RecentChanges>(p => p.Add(c => c.Model, "demo"));

        Assert.Equal(["L8-2", "L8-1", "L8-1"], panel.FindAll("tr[data-change]").Select(r => r.GetAttribute("data-change")));
        Assert.Contains("undone", panel.FindAll("tr[data-change]")[0].ClassList);
        Assert.Contains("change 2", panel.FindAll("tr[data-change]")[1].TextContent, StringComparison.Ordinal);
        Assert.Contains("75 %", panel.FindAll("tr[data-change]")[2].TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Changes_OfOneAnnotator_ShowNobodyElse_AndLeadToTheFeature()
    {
        await FillAsync();
        FeatureId? gone = null;

        IRenderedComponent<RecentChanges> panel = Render<RecentChanges>(p => p
            .Add(c => c.Model, "demo").Add(c => c.Annotator, "Bob").Add(c => c.OnGo, f => gone = f));
        panel.Find("tr[data-change] button").Click();

        Assert.DoesNotContain("Ada", panel.Markup, StringComparison.Ordinal);
        Assert.Equal(new FeatureId(8, 2), gone);
    }

    [Fact]
    public async Task Change_MadeWhileItIsOpen_Appears()
    {
        IRenderedComponent<RecentChanges> panel = Render<RecentChanges>(p => p.Add(c => c.Model, "demo"));
        Assert.Empty(panel.FindAll("tr[data-change]"));

        await FillAsync();

        panel.WaitForAssertion(() => Assert.Equal(3, panel.FindAll("tr[data-change]").Count), TimeSpan.FromSeconds(120));
    }

    // Two steps of Ada's on one feature, then one of Bob's that he takes back.
    private async Task FillAsync()
    {
        AnnotationBook book = Get<AnnotationBook>();
        await book.SaveAsync("demo", Columns, [new FeatureId(8, 1)], "Ada", new AnnotationDraft(["Legal"], "first", 0.75), Ct);
        await Task.Delay(5, Ct);
        await book.SaveAsync("demo", Columns, [new FeatureId(8, 1)], "Ada", new AnnotationDraft(["Misc."]), Ct);
        await Task.Delay(5, Ct);
        await book.SaveAsync("demo", Columns, [new FeatureId(8, 2)], "Bob", new AnnotationDraft(["None"]), Ct);
        await book.UndoAsync("demo", "Bob", Ct);
    }
}
