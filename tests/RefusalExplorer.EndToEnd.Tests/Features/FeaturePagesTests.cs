using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using RefusalExplorer.Pipeline.Dashboards;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests.Features;

public sealed class FeaturePagesTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    // One layer of a short corpus: enough to see, and done in seconds.
    private static readonly SemaphoreSlim One = new(1);
    private static bool _made;

    [Theory, MemberData(nameof(Look.All), MemberType = typeof(Look))]
    public async Task Features_LookRight(ColorScheme scheme, int width)
    {
        await DashboardsAsync();
        var look = new Look(scheme, width);
        IPage page = await OpenAsync("/features?layers=20", look);
        await page.WaitForSelectorAsync("tr[data-feature^='L20-']");

        await Assertions.Expect(page.Locator(".grid-head").First).ToContainTextAsync("3,072 of 30,720 features shown");
        await LooksRightAsync(page, "features", look);
    }

    [Fact]
    public async Task Features_AreFilteredSortedAndTakenToExplore_FromTheKeyboard()
    {
        await DashboardsAsync();
        IPage page = await OpenAsync("/features");
        await page.WaitForSelectorAsync("tr[data-feature]");
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("L20-5 L20-9 L8-1");
        await page.WaitForSelectorAsync("[data-shown='3']");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("q=L20-5"));

        await page.ClickAsync("th button:has-text('Feature')");
        await page.WaitForSelectorAsync("tr[data-feature='L8-1'][aria-rowindex='2']");
        await page.Locator("h1").First.ClickAsync();
        await page.ClickAsync("tr[data-feature='L8-1'] td.num");
        await page.Keyboard.PressAsync("j");
        await page.WaitForSelectorAsync("tr.selected[data-feature='L20-5']");
        await page.Keyboard.PressAsync("a");

        await page.WaitForSelectorAsync("[data-explore]");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("[?&]g=.*L20-5"));
    }

    [Theory, MemberData(nameof(Look.All), MemberType = typeof(Look))]
    public async Task FeaturePage_ShowsWhatIsKnown_AndLooksRight(ColorScheme scheme, int width)
    {
        await DashboardsAsync();
        var look = new Look(scheme, width);
        IPage page = await OpenAsync("/features/demo/L20-7", look);
        await page.WaitForSelectorAsync("[data-panel='annotations']");

        await page.FillAsync("#try-text", "How do I bake bread? I can't help with that.");
        await page.WaitForSelectorAsync("[data-try] .token");

        Assert.Matches(@"^[+−]?\d", await page.TextAsync("[data-cosine]"));
        await page.WaitForSelectorAsync("[data-chart='histogram'] svg, [data-panel='examples'] .muted");
        await LooksRightAsync(page, "feature", look);
    }

    [Fact]
    public async Task Tokens_AreColouredByActivation()
    {
        await DashboardsAsync();
        IPage page = await OpenAsync("/features/demo/L20-7");
        await page.FillAsync("#try-text", "Write a poem about the sea.");
        await page.WaitForSelectorAsync("[data-try] .token");

        // A colour that the browser does not understand is no colour.
        string background = await page.EvaluateAsync<string>("""
            () => { const t = document.querySelector('[data-try] .token'); t.style.setProperty('--a', '1'); return getComputedStyle(t).backgroundColor; }
            """);
        Assert.NotEqual("rgba(0, 0, 0, 0)", background);
    }

    [Fact]
    public async Task FeaturePage_OfNoFeature_SaysWhatIsExpected()
    {
        IPage page = await OpenAsync("/features/demo/banana");

        Assert.Contains("expected L<layer>-<index>", await page.TextAsync("[data-error]"), StringComparison.Ordinal);
    }

    private async Task DashboardsAsync()
    {
        await One.WaitAsync(Ct);
        try
        {
            if (!_made)
            {
                await Dashboard.Services.GetRequiredService<DashboardRunner>().RunAsync(
                    new DashboardRequest { Model = "demo", Layers = [20], Settings = new DashboardSettings { MaxTokens = 1500 } }, cancellation: Ct);
            }
            _made = true;
        }
        finally
        {
            One.Release();
        }
    }
}
