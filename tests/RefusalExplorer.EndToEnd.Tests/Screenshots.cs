using Microsoft.Playwright;

namespace RefusalExplorer.EndToEnd.Tests;

/// <summary>Screenshots, written where the variable REFUSAL_EXPLORER_SCREENSHOTS names a folder; else nothing is done.</summary>
public static class Screenshots
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("REFUSAL_EXPLORER_SCREENSHOTS");

    /// <summary>Writes the whole page as <c>name.png</c>.</summary>
    public static async Task SaveAsync(IPage page, string name, bool fullPage = true)
    {
        if (string.IsNullOrEmpty(Folder))
            return;
        Directory.CreateDirectory(Folder);
        // From the top: a sticky header stands where the page was scrolled to.
        await page.EvaluateAsync("() => scrollTo(0, 0)");
        await page.ScreenshotAsync(new() { Path = Path.Combine(Folder, $"{name}.png"), FullPage = fullPage });
    }
}
