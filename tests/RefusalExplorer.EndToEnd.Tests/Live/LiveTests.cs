using System.Globalization;
using Microsoft.Playwright;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests.Live;

public sealed class LiveTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    [Fact]
    public async Task Slider_MovesTheNumbersWhileDragged_AndTheAnswerOnRelease_AndTheAudienceSeesIt()
    {
        IPage page = await BeginAsync(Look.Usual);
        await page.SelectOptionAsync("[aria-label='Pick a prompt']", "harmful_test:3");
        await page.ClickAsync("button:has-text('Send')");
        await page.WaitForSelectorAsync("[data-live-side='Baseline'] [data-verdict='refused']");
        await page.WaitForSelectorAsync("[data-live='ready']");
        double before = await ProbabilityAsync(page, "Steered");
        Assert.True(before > 0.5, before.ToString(CultureInfo.InvariantCulture));

        ILocator sliders = page.Locator(".live-slider input[type=range]");
        for (int i = 0; i < await sliders.CountAsync(); i++)
            await sliders.Nth(i).EvaluateAsync("s => { s.value = -2; s.dispatchEvent(new Event('input', { bubbles: true })); }");
        await Assertions.Expect(page.Locator("[data-live-side='Steered'] [data-p]")).Not.ToHaveAttributeAsync("data-p", before.ToString("R", CultureInfo.InvariantCulture));
        await page.WaitForSelectorAsync("text=older than the sliders");
        await sliders.First.DispatchEventAsync("change");
        await page.WaitForSelectorAsync("[data-live-side='Steered'] [data-verdict]");

        // Harmful text is hidden unless the presenter chose otherwise: it is not even in the page.
        Assert.Equal("The message is hidden: it may be harmful", (await page.InnerTextAsync("[data-live-prompt]")).Trim());
        await page.ClickAsync("button:has-text('Audience link')");
        string link = (await page.InnerTextAsync("[data-live-link]")).Trim();
        IPage audience = await OpenWindowAsync(new() { ColorScheme = ColorScheme.Dark, ViewportSize = new() { Width = 390, Height = 900 } });
        await audience.GotoAsync(link);
        await Assertions.Expect(audience.Locator("#baseline b")).Not.ToHaveTextAsync("–");
        Assert.Equal(0, await audience.Locator("button, input, a, select, textarea").CountAsync());
        await LooksRightAsync(audience, "live-watch", new Look(ColorScheme.Dark, 390));

        await page.ClickAsync("button:text-is('End')");
        await audience.WaitForSelectorAsync("text=The demonstration is over.");
    }

    [Theory, MemberData(nameof(Look.All), MemberType = typeof(Look))]
    public async Task Page_LooksRight(ColorScheme scheme, int width)
    {
        var look = new Look(scheme, width);
        IPage start = await OpenAsync("/live", look);
        await LooksRightAsync(start, "live-start", look);
        IPage page = await BeginAsync(look);
        await page.SelectOptionAsync("[aria-label='Pick a prompt']", "harmless_test:1");
        await page.ClickAsync("button:has-text('Send')");
        await page.WaitForSelectorAsync("[data-live-side='Steered'] [data-verdict]");
        await page.ClickAsync("button:has-text('Audience link')");
        await LooksRightAsync(page, "live", look);

        await page.Locator("[data-hold]").DispatchEventAsync("pointerdown");
        Assert.False(await page.IsVisibleAsync("[data-live-side='Steered']"));
        await page.Locator("[data-hold]").DispatchEventAsync("pointerup");
        Assert.True(await page.IsVisibleAsync("[data-live-side='Steered']"));
    }

    private static async Task<double> ProbabilityAsync(IPage page, string side) =>
        double.Parse((await page.GetAttributeAsync($"[data-live-side='{side}'] [data-p]", "data-p"))!, CultureInfo.InvariantCulture);

    private async Task<IPage> BeginAsync(Look look)
    {
        IPage page = await OpenAsync("/live", look);
        await page.ClickAsync("button:has-text('Begin')");
        await page.WaitForSelectorAsync("[data-live]");
        return page;
    }
}
