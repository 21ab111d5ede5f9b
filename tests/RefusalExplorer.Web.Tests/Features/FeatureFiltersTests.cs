using Bunit;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Web.Components.Pages.Features;
using RefusalExplorer.Web.Tests.Fakes;
using Xunit;

namespace RefusalExplorer.Web.Tests.Features;

public sealed class FeatureFiltersTests : MeaningContext
{
    private FeatureQuery? _asked;

    [Fact]
    public void BoxThatWasCleared_IsHeeded_ByAFilterSetBeforeThePauseIsOver()
    {
        IRenderedComponent<FeatureFilters> filters = Show(new FeatureQuery { Model = TinyChatModel.Name, Text = "weapon" });

        filters.Find("input[type=search]").Input("");
        filters.Find("input[aria-label='Least cosine']").Change("0.5");

        Assert.Equal(("", 0.5f), (_asked!.Text, _asked.Cosine.From));
    }

    [Fact]
    public void Clear_DropsWordsThatWereStillBeingTyped()
    {
        IRenderedComponent<FeatureFilters> filters = Show(new FeatureQuery { Model = TinyChatModel.Name, Layers = [2] });

        filters.Find("input[type=search]").Input("weapon");
        filters.Find("button.clear").Click();

        Assert.Equal(0, _asked!.Conditions);
        Assert.Equal("", filters.Find("input[type=search]").GetAttribute("value") ?? "");
    }

    private IRenderedComponent<FeatureFilters> Show(FeatureQuery query) =>
        Render<FeatureFilters>(p => p.Add(f => f.Query, query).Add(f => f.OnChange, q => _asked = q));
}
