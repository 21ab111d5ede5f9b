using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests;

/// <summary>The Explore page as a visitor uses it, with the real demo model.</summary>
public sealed class ExploreTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    // Counting has no end before the most tokens: a run that is still under way when somebody comes to stop it.
    private const string Long = "/?n=512&k=1&b=none&control=0&raw=1&p=~1+2+3+4+5+6+7+8+9+10+11+12+13+14+15+16";
    // Baseline and edit alone, few tokens: enough where the test is not about what comes out.
    private const string Short = "/?n=4&k=1&b=none&control=0";

    private static string? _finished;

    [Fact]
    public async Task PressingRun_TurnsTheRefusalIntoAnAnswer_AndRandomFeaturesDoNot()
    {
        IPage page = await OpenAsync();
        await RunAsync(page);

        Assert.Equal("refused", await VerdictAsync(page, "Baseline"));
        Assert.Equal("complied", await VerdictAsync(page, "Intervened"));
        Assert.Equal("refused", await VerdictAsync(page, "RandomControl"));
        Assert.True(await ProbabilityAsync(page, "Baseline") > 0.8);
        Assert.True(await ProbabilityAsync(page, "Intervened") < 0.05);
        Assert.True(await ProbabilityAsync(page, "RandomControl") > 0.8);
        await page.AttachedAsync("[data-outcome='Removed']");
        Assert.Equal(50, int.Parse((await page.GetAttributeAsync("[data-effects]", "data-effects"))!, CultureInfo.InvariantCulture));
        // Something of the random or of the ablated features was silent, and that is said.
        await page.AttachedAsync("[data-panel='effects'] .chip.warn");
        await page.AttachedAsync("[data-chart='cosine'] .main-svg");
        await page.AttachedAsync("[data-inspected='Intervened']");
    }

    [Theory, MemberData(nameof(Look.All), MemberType = typeof(Look))]
    public async Task Page_IsAccessibleAndFits(ColorScheme scheme, int width)
    {
        var look = new Look(scheme, width);
        IPage page = await OpenAsync($"/explore/{await FinishedRunAsync()}", look);
        await page.AttachedAsync("[data-outcome]");
        await page.AttachedAsync("[data-chart='lens'] .main-svg");

        await LooksRightAsync(page, "explore", look);
    }

    [Fact]
    public async Task Stop_EndsTheRun_AndKeepsWhatWasSaid()
    {
        IPage page = await OpenAsync(Long);
        await page.ModelReadyAsync();
        await page.Keyboard.PressAsync("r");
        await page.WaitForSelectorAsync("[data-answer='Intervened'] .token");
        await page.Keyboard.PressAsync("Escape");

        await page.AttachedAsync("[data-explore][data-state='cancelled']");
        Assert.StartsWith("Stopped", await page.TextAsync("[data-run-status]"), StringComparison.Ordinal);
        Assert.NotEmpty(await page.TextAsync("[data-answer='Baseline']"));
    }

    [Fact]
    public async Task RunningRun_IsFoundAgainAfterAReload_AndByAnotherBrowser()
    {
        IPage page = await OpenAsync(Long);
        await page.ModelReadyAsync();
        await page.ClickAsync("[data-run-button]");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("/explore/[^/]+$"));
        string id = page.Url.Split('/')[^1];

        await page.ReloadAsync();
        await page.InteractiveAsync();
        await page.AttachedAsync($"[data-run='{id}'][data-state='running']");
        IPage other = await OpenAsync($"/explore/{id}");
        await other.AttachedAsync($"[data-run='{id}'][data-state='running']");
        await other.ClickAsync("[data-stop]");

        await page.AttachedAsync("[data-explore][data-state='cancelled']");
        await Assertions.Expect(other.Locator("#prompt-text")).ToHaveValueAsync(new Regex("1 2 3"));
    }

    [Fact]
    public async Task TwoBrowsers_QueueBehindEachOther_AndBothFinish()
    {
        IPage first = await OpenAsync(Long);
        IPage second = await OpenAsync(Short);
        await first.ModelReadyAsync();
        await second.ModelReadyAsync();
        await first.ClickAsync("[data-run-button]");
        await first.WaitForSelectorAsync("[data-answer='Baseline'] .token");
        await second.ClickAsync("[data-run-button]");
        await Assertions.Expect(second.Locator("[data-run-status]")).ToContainTextAsync("Waiting: 1 run before this one");

        await first.ClickAsync("[data-stop]");
        await second.AttachedAsync("[data-explore][data-state='finished']");
        await first.AttachedAsync("[data-explore][data-state='cancelled']");
    }

    [Fact]
    public async Task Permalink_RestoresTheRunFromTheStore_WithItsSettings()
    {
        string id = await FinishedRunAsync();
        IPage page = await OpenAsync($"/explore/{id}");

        await page.AttachedAsync($"[data-run='{id}'] [data-outcome='Removed']");
        await Assertions.Expect(page.Locator("[data-k]")).ToHaveValueAsync("5");
        Assert.Equal($"/explore/{id}", new Uri(page.Url).AbsolutePath);

        // Another setting is another state: the address says so, and the way back is offered.
        await page.FillAsync("[data-k]", "3");
        await page.Locator("[data-k]").DispatchEventAsync("change");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex(@"/\?k=3$"));
        await page.ClickAsync(".diverged .link-button");
        await Assertions.Expect(page).ToHaveURLAsync(new Regex($"/explore/{id}$"));
        await Assertions.Expect(page.Locator("[data-k]")).ToHaveValueAsync("5");
    }

    [Fact]
    public async Task CopyAsJson_HoldsRequestResultAndRecord()
    {
        string id = await FinishedRunAsync();
        IPage page = await OpenAsync($"/explore/{id}");
        await page.ClickAsync("summary:has-text('Share')");
        await page.ClickAsync("text=Copy as JSON");
        await page.WaitForSelectorAsync("text=JSON copied");

        using JsonDocument json = JsonDocument.Parse(await page.EvaluateAsync<string>("() => navigator.clipboard.readText()"));
        Assert.Equal(id, json.RootElement.GetProperty("runId").GetString());
        Assert.Equal(5, json.RootElement.GetProperty("arms").GetArrayLength());
        Assert.NotEmpty(json.RootElement.GetProperty("record").GetProperty("weightsFingerprint").GetString()!);
    }

    [Theory]
    [InlineData("L12", "'L12' is no feature")]
    [InlineData("L12-999999", "L12-999999: layer 12 has 3072 features")]
    [InlineData("L3-1", "layer 3")]
    public async Task WrongFeature_IsSaidBesideTheField(string typed, string message)
    {
        IPage page = await OpenAsync(Short);
        await page.ModelReadyAsync();
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync(typed);
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page.Locator("[data-panel='Features'] [data-error]")).ToContainTextAsync(message);
    }

    [Fact]
    public async Task WrongAddress_IsSaid_AndThePageWorksAllTheSame()
    {
        IPage page = await OpenAsync("/?k=999&g=nonsense");
        await Assertions.Expect(page.Locator(".explore-centre")).ToContainTextAsync("expected a whole number from 0 to 20");

        await page.GotoAsync("/explore/nosuchrun");
        await Assertions.Expect(page.Locator("[data-error]").First).ToContainTextAsync("run 'nosuchrun': there is none of that id here");
        await Assertions.Expect(page.Locator("[data-run-button]")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Keys_WalkTheCart_AndDoNothingWhileOneTypes()
    {
        IPage page = await OpenAsync("/?g=on~ablate~1~allButFirst~L12-5,L14-9~~Named");
        await page.ModelReadyAsync();
        await page.Keyboard.PressAsync("j");
        await page.AttachedAsync("[data-feature='L12-5'][aria-pressed='true']");
        await page.Keyboard.PressAsync("j");
        await page.AttachedAsync("[data-feature='L14-9'][aria-pressed='true']");
        await page.Keyboard.PressAsync("k");
        await page.AttachedAsync("[data-feature='L12-5'][aria-pressed='true']");
        await page.Keyboard.PressAsync("c");
        await page.AttachedAsync("[data-group='Named'] input[aria-label='Named: strength']");

        await page.ClickAsync("#feature-search");
        await page.Keyboard.TypeAsync("rak");
        Assert.Equal("rak", await page.InputValueAsync("#feature-search"));
        Assert.Equal("idle", await page.GetAttributeAsync("[data-explore]", "data-state"));
    }

    [Fact]
    public async Task VerifyWithoutCache_FindsTheSameTokens()
    {
        IPage page = await OpenAsync(Short);
        await RunAsync(page);
        await page.ClickAsync("[data-verify]");

        await page.AttachedAsync("[data-cache-check='same']");
    }

    [Fact]
    public async Task OwnVerdict_Wins_AndCanBeTakenBack()
    {
        IPage page = await OpenAsync($"/explore/{await FinishedRunAsync()}");
        await page.ClickAsync("[data-verdict-menu='Intervened'] summary");
        await page.ClickAsync("[data-verdict-menu='Intervened'] [data-set-verdict='Degenerate']");
        await page.AttachedAsync("[data-verdict-menu='Intervened'] summary [data-verdict='degenerate']");
        await page.ReloadAsync();
        await page.AttachedAsync("[data-verdict-menu='Intervened'] summary [data-verdict='degenerate']");

        await page.ClickAsync("[data-verdict-menu='Intervened'] summary");
        await page.ClickAsync("[data-verdict-menu='Intervened'] [data-set-verdict='none']");
        await page.AttachedAsync("[data-verdict-menu='Intervened'] summary [data-verdict='complied']");
    }

    private static async Task RunAsync(IPage page)
    {
        await page.ModelReadyAsync();
        await page.ClickAsync("[data-run-button]");
        await page.AttachedAsync("[data-explore][data-state='finished']");
    }

    private static Task<string?> VerdictAsync(IPage page, string arm) => page.GetAttributeAsync($"[data-panel='{arm}'] [data-verdict]", "data-verdict");

    private static async Task<double> ProbabilityAsync(IPage page, string arm) =>
        double.Parse((await page.GetAttributeAsync($"[data-panel='{arm}'] [data-p]", "data-p"))!, CultureInfo.InvariantCulture);

    // One whole run of what the page opens with serves all tests that only look at one.
    private async Task<string> FinishedRunAsync()
    {
        if (_finished is not null)
            return _finished;
        IPage page = await OpenAsync();
        await RunAsync(page);
        return _finished = page.Url.Split('/')[^1];
    }
}
