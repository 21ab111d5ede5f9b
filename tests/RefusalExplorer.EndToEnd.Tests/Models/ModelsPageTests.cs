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
        await Assertions.Expect(demo.Locator("[data-model-state]")).ToHaveAttributeAsync("data-model-state", "ready");

        await demo.Locator("[data-sae-details] summary").ClickAsync();
        await demo.Locator("tr[data-sae='20'] >> text=JumpReLU · 3,072 features").WaitForAsync();
        await Assertions.Expect(demo.Locator("tr[data-sae]")).ToHaveCountAsync(10);

        await demo.Locator("[data-explore-with]").ClickAsync();
        await page.WaitForSelectorAsync("[data-explore]");
    }

    [Fact]
    public async Task PaperModel_SaysWhatIsMissing_AndWhoseExplanationsItShows()
    {
        IPage page = await OpenAsync("/models");
        ILocator gemma = page.Locator("[data-panel='model-gemma-2-2b-it']");
        await Assertions.Expect(gemma.Locator("[data-model-state]")).ToHaveAttributeAsync("data-model-state", "missing");

        await gemma.Locator("[data-sae-details] summary").ClickAsync();
        await Assertions.Expect(gemma.Locator("tr[data-sae='0']")).ToContainTextAsync("another SAE");
        await Assertions.Expect(gemma.Locator("tr[data-sae='12']")).ToContainTextAsync("this SAE");
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
