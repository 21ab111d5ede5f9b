using Microsoft.Playwright;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests;

/// <summary>What every test does with a page.</summary>
public static class PageSteps
{
    /// <summary>Waits until the page answers to clicks.</summary>
    public static Task InteractiveAsync(this IPage page) =>
        page.WaitForSelectorAsync("html[data-interactive='true']", new() { State = WaitForSelectorState.Attached });

    /// <summary>Waits until the demo model has been loaded and its features ranked.</summary>
    public static Task ModelReadyAsync(this IPage page) =>
        page.WaitForSelectorAsync("[data-ready='true']", new() { State = WaitForSelectorState.Attached });

    /// <summary>Waits for an element that may be out of sight.</summary>
    public static Task AttachedAsync(this IPage page, string selector) =>
        page.WaitForSelectorAsync(selector, new() { State = WaitForSelectorState.Attached });

    /// <summary>Waits until an element is gone.</summary>
    public static Task GoneAsync(this IPage page, string selector) =>
        page.WaitForSelectorAsync(selector, new() { State = WaitForSelectorState.Detached });

    /// <summary>Fails where the page is wider than the window, and names what sticks out.</summary>
    public static async Task AssertFitsAsync(this IPage page)
    {
        string[] wide = await page.EvaluateAsync<string[]>("""
            () => {
              const width = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= width) return [];
              const clipped = e => { for (let p = e.parentElement; p; p = p.parentElement) if (getComputedStyle(p).overflowX !== 'visible') return true; return false; };
              const wide = [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > width + 1);
              const out = wide.filter(e => !clipped(e));
              // A box that scrolls does not hold what is placed absolutely by a box further out.
              const placed = wide.filter(e => getComputedStyle(e).position === 'absolute');
              return [...out, ...placed, document.documentElement].slice(0, 5).map(e => `${e.tagName.toLowerCase()}.${e.className} in ${e.parentElement?.tagName.toLowerCase()}`);
            }
            """);
        Assert.Empty(wide);
    }

    /// <summary>The element's text.</summary>
    public static Task<string> TextAsync(this IPage page, string selector) => page.Locator(selector).First.InnerTextAsync();
}
