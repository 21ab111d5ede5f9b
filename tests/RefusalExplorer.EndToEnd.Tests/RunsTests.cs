using Microsoft.Playwright;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Ports;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests;

public sealed class RunsTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    [Theory, MemberData(nameof(Look.All), MemberType = typeof(Look))]
    public async Task Page_IsAccessibleAndFits(ColorScheme scheme, int width)
    {
        var look = new Look(scheme, width);
        await PutAsync("looked-at", RunStatus.Interrupted, 0.9);
        IPage page = await OpenAsync("/runs", look);
        await page.AttachedAsync("[data-runs] [data-run-id='looked-at'] [data-status='Interrupted']");

        await LooksRightAsync(page, "runs", look);
    }

    [Fact]
    public async Task Filter_IsInTheAddress_AndSurvivesAReload()
    {
        await PutAsync("filtered", RunStatus.Failed, 0.9);
        IPage page = await OpenAsync("/runs");
        await page.SelectOptionAsync("select[aria-label='Status']", "Failed");
        await page.FillAsync("#run-search", "filtered");
        await Assertions.Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex(@"\?q=filtered&status=failed$"));

        await page.ReloadAsync();
        await page.AttachedAsync("[data-run-id='filtered']");
        await Assertions.Expect(page.Locator("[data-run-id]")).ToHaveCountAsync(1);
        Assert.Contains("hidden by the filter", await page.TextAsync("[data-shown]"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delete_AsksOnce_ThenRemovesTheRun()
    {
        await PutAsync("unwanted", RunStatus.Finished, 0.9);
        IPage page = await OpenAsync("/runs?q=unwanted");
        await page.ClickAsync("[data-run-id='unwanted'] [data-delete]");
        Assert.True(Dashboard.Get<IRunStore>().TryGet("unwanted", out _));
        await page.ClickAsync("[data-run-id='unwanted'] [data-delete-sure]");
        await page.GoneAsync("[data-run-id='unwanted']");

        Assert.False(Dashboard.Get<IRunStore>().TryGet("unwanted", out _));
    }

    [Fact]
    public async Task Compare_ShowsWhatDiffers_WithTheBetterDirection()
    {
        await PutAsync("compared-a", RunStatus.Finished, 0.9);
        await PutAsync("compared-b", RunStatus.Finished, 0.1);
        IPage page = await OpenAsync("/runs?q=compared");
        await page.CheckAsync("[data-run-id='compared-a'] input");
        await page.CheckAsync("[data-run-id='compared-b'] input");
        await page.ClickAsync("[data-compare]");

        ILocator row = page.Locator("[data-compare-row='Intervened/P(“I”)']");
        await Assertions.Expect(row).ToContainTextAsync("better");
        Assert.Equal(0, await page.Locator("[data-compare-row='Settings/model']").CountAsync());
        await page.UncheckAsync("[data-only-differences]");
        await page.AttachedAsync("[data-compare-row='Settings/model']");
        await Accessibility.AssertNoSeriousFindingsAsync(page);
    }

    private Task PutAsync(string id, RunStatus status, double probability)
    {
        var request = new ExperimentRequest { Model = "demo", Prompt = PromptSource.User("Hello") };
        var result = new ExperimentResult
        {
            RunId = id,
            Request = request,
            Arms = [new ArmResult { Arm = Arm.Intervened, PromptTokens = [], RefusalProbability = probability, Text = "Hello to you too" }],
            Record = new RunRecord { AppVersion = "test", StartedAt = DateTimeOffset.UnixEpoch, Model = "demo", WeightsFingerprint = "none", Device = "cpu", Dtype = "float32" },
        };
        var header = new RunHeader
        {
            Id = id,
            Kind = StoredExperiment.Kind,
            Model = "demo",
            Title = $"no edit · {id}",
            CreatedAt = DateTimeOffset.UtcNow,
            Status = status,
            Reason = status == RunStatus.Finished ? null : "the program ended before the run did",
        };
        return Dashboard.Get<IRunStore>().SaveAsync(header, new StoredExperiment(request, status == RunStatus.Finished ? result : null).ToJson(), Ct);
    }
}
