using Microsoft.Playwright;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests;

public sealed class SecurityPolicyTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    [Fact]
    public async Task Page_RunsUnderItsOwnPolicy_AndAsksNobodyElse()
    {
        IPage page = await OpenAsync("/not-found");
        var complaints = new List<string>();
        var elsewhere = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error" || message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
                complaints.Add(message.Text);
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(Dashboard.Address, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                elsewhere.Add(request.Url);
        };

        await page.GotoAsync("/");
        await page.InteractiveAsync();

        Assert.Empty(complaints);
        Assert.Empty(elsewhere);
    }
}
