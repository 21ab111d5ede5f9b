using Microsoft.Playwright;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests.Models;

public sealed class ModelsPageTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    [Fact]
    public async Task Demo_IsReady_ItsSaesAreListed_AndExploreTakesIt()
    {
        IPage page = await OpenAsync("/models");
        ILocator demo = page.Locator("[data-panel='model-demo']");
        Assert.Equal("ready", await demo.Locator("[data-model-state]").GetAttributeAsync("data-model-state"));

        await demo.Locator("[data-sae-details] summary").ClickAsync();
        await demo.Locator("tr[data-sae='20'] >> text=JumpReLU · 3,072 features").WaitForAsync();
        Assert.Equal(10, await demo.Locator("tr[data-sae]").CountAsync());

        await demo.Locator("[data-explore-with]").ClickAsync();
        await page.WaitForSelectorAsync("[data-explore]");
    }

    [Fact]
    public async Task PaperModel_SaysWhatIsMissing_AndWhoseExplanationsItShows()
    {
        IPage page = await OpenAsync("/models");
        ILocator gemma = page.Locator("[data-panel='model-gemma-2-2b-it']");
        Assert.Equal("missing", await gemma.Locator("[data-model-state]").GetAttributeAsync("data-model-state"));

        await gemma.Locator("[data-sae-details] summary").ClickAsync();
        Assert.Contains("another SAE", await gemma.Locator("tr[data-sae='0']").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Contains("this SAE", await gemma.Locator("tr[data-sae='12']").InnerTextAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Look.All), MemberType = typeof(Look))]
    public async Task Page_LooksRight(ColorScheme scheme, int width)
    {
        var look = new Look(scheme, width);
        IPage page = await OpenAsync("/models", look);
        await page.WaitForSelectorAsync("[data-models][data-state='ready']");
        await page.ClickAsync("[data-panel='model-gemma-2-2b-it'] [data-sae-details] summary");
        await page.ClickAsync("[data-import-direction] summary");
        await page.ClickAsync("[data-import-explanations] summary");
        await LooksRightAsync(page, "models", look);
    }
}
