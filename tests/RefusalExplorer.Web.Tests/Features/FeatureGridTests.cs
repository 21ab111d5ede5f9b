using System.Reflection;
using AngleSharp.Dom;
using Bunit;
using Microsoft.AspNetCore.Components.Web.Virtualization;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Components.Pages.Features;
using RefusalExplorer.Web.Features;
using RefusalExplorer.Web.Tests.Fakes;
using Xunit;

namespace RefusalExplorer.Web.Tests.Features;

public sealed class FeatureGridTests : MeaningContext
{
    private const string Direction = "of-the-test";
    private FeatureQuery? _asked;

    [Fact]
    public async Task Rows_AreOrderedByCosine_WithLabelsAndHowManyGaveThem()
    {
        FeaturesModel model = await SearchAsync(new FeatureQuery { Layers = [2] });
        FeatureColumns columns = model.Index!.Columns;
        FeatureId strongest = columns.At(Enumerable.Range(TinyChatModel.Features, TinyChatModel.Features).MaxBy(r => columns.Cosine[r]));
        foreach (string annotator in new[] { "Ada", "Bob" })
            await Get<AnnotationBook>().SaveAsync(TinyChatModel.Name, columns, [strongest], annotator, new AnnotationDraft(["Legal"]), Ct);

        IRenderedComponent<FeatureGrid> grid = Show(model);

        IElement first = grid.FindAll("tr[data-feature]")[0];
        Assert.Equal(strongest.ToString(), first.GetAttribute("data-feature"));
        Assert.Equal("Legal ×2", first.QuerySelector(".chip")!.TextContent);
        double[] cosines = [.. grid.FindAll("tr[data-feature] td.num:nth-child(3)").Select(c => double.Parse(c.TextContent.Replace('−', '-'), System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(cosines.OrderDescending(), cosines);
        Assert.Equal(TinyChatModel.Features, cosines.Length);
        Assert.Equal("descending", grid.Find("th.num").GetAttribute("aria-sort"));
    }

    [Fact]
    public async Task Heading_Clicked_SortsByIt_AndAgainTheOtherWay()
    {
        IRenderedComponent<FeatureGrid> grid = Show(await SearchAsync(new FeatureQuery()));

        grid.FindAll("button.sort").Single(b => b.TextContent.StartsWith("Density", StringComparison.Ordinal)).Click();
        Assert.Equal((FeatureOrder.Density, true), (_asked!.Order, _asked.Descending));
        grid.FindAll("button.sort").Single(b => b.TextContent.StartsWith("Cosine", StringComparison.Ordinal)).Click();
        Assert.Equal((FeatureOrder.Cosine, false), (_asked!.Order, _asked.Descending));
    }

    [Fact]
    public async Task Nothing_Found_OffersToClearTheFilters_AndKeepsTheModel()
    {
        IRenderedComponent<FeatureGrid> grid = Show(await SearchAsync(new FeatureQuery { Layers = [2], Cosine = new Bounds(0.9999f, null) }));

        grid.Find(".empty button").Click();

        Assert.Equal((TinyChatModel.Name, Direction, 0), (_asked!.Model, _asked.Direction, _asked.Conditions));
    }

    [Fact]
    public async Task Row_Clicked_IsSelected_AndItsBoxMarksIt()
    {
        FeaturesModel model = await SearchAsync(new FeatureQuery { Text = "L0-3 L2-5", Order = FeatureOrder.Feature, Descending = false });
        IRenderedComponent<FeatureGrid> grid = Show(model);

        grid.Find("tr[data-feature='L2-5']").Click();
        grid.Find("tr[data-feature='L0-3'] input").Change(true);

        Assert.Equal(new FeatureId(2, 5), model.Selected);
        Assert.Equal([new FeatureId(0, 3)], model.Marked);
    }

    [Fact]
    public async Task Compact_ShowsOneAnnotatorsLabelsAlone()
    {
        FeaturesModel model = await SearchAsync(new FeatureQuery { Text = "L0-3" });
        await Get<AnnotationBook>().SaveAsync(TinyChatModel.Name, model.Index!.Columns, [new FeatureId(0, 3)], "Bob", new AnnotationDraft(["Legal"]), Ct);

        IRenderedComponent<FeatureGrid> grid = Show(model, compact: true);

        Assert.Equal("mine", Assert.Single(grid.FindAll("tr[data-feature='L0-3'] .chip")).TextContent);
    }

    private async Task<FeaturesModel> SearchAsync(FeatureQuery query)
    {
        await Get<IDirectionStore>().SaveAsync(new StoredDirection
        {
            Id = Direction,
            Model = TinyChatModel.Name,
            Hook = "blocks.1.hook_resid_post",
            Vector = [1, -1, 0.5f, 2, 0, 0, 1, -0.5f],
            CreatedAt = DateTimeOffset.UnixEpoch,
        }, Ct);
        var model = new FeaturesModel(Get<FeatureCatalog>(), Get<FeatureSearch>(), Get<FeatureRows>());
        await model.SearchAsync(query with { Model = TinyChatModel.Name, Direction = Direction });
        Assert.Null(model.Error);
        return model;
    }

    private IRenderedComponent<FeatureGrid> Show(FeaturesModel model, bool compact = false)
    {
        IRenderedComponent<FeatureGrid> grid = Render<FeatureGrid>(p => p
            .Add(g => g.Model, model).Add(g => g.Compact, compact).Add(g => g.LabelsOf, compact ? _ => ["mine"] : null).Add(g => g.OnQuery, q => _asked = q));
        // No browser is here to say how much of the list can be seen.
        Virtualize<FeatureRow> list = grid.FindComponent<Virtualize<FeatureRow>>().Instance;
        MethodInfo seen = typeof(Virtualize<FeatureRow>).GetInterfaceMap(typeof(Virtualize<FeatureRow>).GetInterfaces().Single(i => i.Name == "IVirtualizeJsCallbacks"))
            .TargetMethods.Single(m => m.Name.EndsWith("OnBeforeSpacerVisible", StringComparison.Ordinal));
        grid.InvokeAsync(() => seen.Invoke(list, [0f, 3000f, 3000f]));
        grid.WaitForState(() => model.Count == 0 || grid.FindAll("tr[data-feature]").Count > 0);
        return grid;
    }
}
