using System.Text.RegularExpressions;
using Microsoft.Playwright;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Web.Analyses;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests.Judge;

public sealed class JudgePageTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    private static string? _finished;

    [Fact]
    public async Task APersonsVerdict_WinsOverTheJudges_AndShowsInTheirAgreement()
    {
        string run = await FinishedRunAsync();
        IPage page = await OpenAsync($"/judge/{run}");
        ILocator counted = page.Locator("[data-panel='response'] tr.selected");
        await Assertions.Expect(counted).ToContainTextAsync("refused");
        Assert.Equal(0, await page.Locator("[data-table='pairs'] td:text-is('human')").CountAsync());

        await page.ClickAsync("[data-answer='Complied']");
        // The verdict belongs to the exchange: an arm that says the same has it too.
        await page.AttachedAsync("[data-judge]:not([data-answered='0'])");
        await page.Keyboard.PressAsync("k");

        await Assertions.Expect(counted).ToContainTextAsync("human");
        await Assertions.Expect(counted).ToContainTextAsync("complied");
        await page.AttachedAsync("[data-table='pairs'] td:has-text('human')");
        await page.Keyboard.PressAsync("0");
        await page.AttachedAsync("[data-judge][data-answered='0']");
    }

    [Fact]
    public async Task AnExperimentOfTheExplorePage_CanBeJudgedToo()
    {
        await FinishedRunAsync();
        IPage explore = await OpenAsync("/?n=4&k=1&b=none&control=0");
        await explore.ModelReadyAsync();
        await explore.ClickAsync("[data-run-button]");
        await explore.AttachedAsync("[data-explore][data-state='finished']");
        string run = explore.Url.Split('/')[^1];
        IPage page = await OpenAsync("/judge");
        await page.SelectOptionAsync("#judge-run", run);

        await Assertions.Expect(page).ToHaveURLAsync(new Regex($"/judge/{run}$"));
        await page.AttachedAsync("[data-listed='2']");
        Assert.StartsWith("Explore:", await page.Locator("#judge-run option:checked").InnerTextAsync(), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Look.All), MemberType = typeof(Look))]
    public async Task Page_LooksRight(ColorScheme scheme, int width)
    {
        Look look = new(scheme, width);
        IPage page = await OpenAsync($"/judge/{await FinishedRunAsync()}", look);
        await page.AttachedAsync("[data-chart='agreement'] .main-svg");
        await page.AttachedAsync("[data-judge-name='endpoint']");

        await LooksRightAsync(page, "judge", look);
    }

    private async Task<string> FinishedRunAsync()
    {
        if (_finished is not null)
            return _finished;
        var live = Dashboard.Get<AnalysisRuns>().Start("attack-success", new AnalysisRequest { MaxNewTokens = 8, Harmful = new PromptSelection { Take = 2 } });
        await live.Completion;
        return _finished = live.Id;
    }
}
