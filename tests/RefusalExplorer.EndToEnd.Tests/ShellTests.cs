using Microsoft.Playwright;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests;

public sealed class ShellTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    [Fact]
    public async Task Theme_FollowsTheSystem_UntilChosen()
    {
        IPage page = await OpenAsync("/not-found", new Look(ColorScheme.Dark, Look.Desktop));
        Assert.Equal("dark", await page.GetAttributeAsync("html", "data-theme"));

        await page.ClickAsync("[data-theme-choice='system']");
        await page.AttachedAsync("html[data-theme='light']");

        await page.ReloadAsync();
        Assert.Equal("light", await page.GetAttributeAsync("html", "data-theme"));
    }

    [Fact]
    public async Task QuestionMark_ShowsTheKeys_AndLeadsToTheApi()
    {
        IPage page = await OpenAsync("/not-found");

        await page.Keyboard.PressAsync("?");

        await page.WaitForSelectorAsync("dl.keys");
        foreach (string link in new[] { "/api/v1/example.py", "/api/v1/openapi.json" })
        {
            IAPIResponse answer = await page.APIRequest.GetAsync(Dashboard.Address + await page.GetAttributeAsync($".mud-dialog a[href='{link}']", "href"));
            Assert.Equal(200, answer.Status);
        }
    }

    [Fact]
    public async Task UnknownAddress_SaysSo()
    {
        IPage page = await OpenAsync("/no/such/page");

        Assert.Equal("There is nothing here", await page.InnerTextAsync("h1"));
    }
}
