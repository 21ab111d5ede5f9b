using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests;

/// <summary>Checks pages with axe.</summary>
public static class Accessibility
{
    /// <summary>Fails with the findings that are serious or critical.</summary>
    public static async Task AssertNoSeriousFindingsAsync(IPage page)
    {
        AxeResult result = await page.RunAxe();
        string[] findings =
        [
            .. result.Violations.Where(v => v.Impact is "serious" or "critical")
                .SelectMany(v => v.Nodes.Select(n => $"{v.Id}: {v.Help}: {n.Html}")),
        ];
        Assert.Empty(findings);
    }
}
