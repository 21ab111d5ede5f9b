using Microsoft.Playwright;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests;

public sealed class ChartTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    private const string Figure = "figure[data-chart]";

    /// <summary>On a slow line people are on the next page before Plotly is there; its charts must be drawn all the same.</summary>
    [Fact]
    public async Task Charts_AreDrawn_ThoughPlotlyComesAfterAPageWithChartsWasLeft()
    {
        IPage page = await OpenAsync("/?n=4&k=1&b=none&control=0");
        TaskCompletionSource asked = new(), let = new();
        await page.RouteAsync("**/plotly-3*.min.js", async route =>
        {
            asked.TrySetResult();
            await let.Task;
            await route.ContinueAsync();
        });
        await page.ModelReadyAsync();
        await page.ClickAsync("[data-run-button]");
        await page.AttachedAsync(Figure);
        await asked.Task.WaitAsync(Ct);

        await page.ClickAsync("nav a[href='/runs']");
        await page.GoneAsync(Figure);
        await page.GoBackAsync();
        await page.AttachedAsync(Figure);
        let.SetResult();

        await page.AttachedAsync($"{Figure} .main-svg");
    }
}
