using System.Collections.Concurrent;
using Microsoft.Playwright;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests;

/// <summary>
/// A test class with browser windows. They are closed after each test; a script that failed on a page fails the test, and a test that failed
/// tells what stood on each of its pages, and leaves a screenshot of it where <see cref="Screenshots"/> are wanted.
/// </summary>
public abstract class BrowserTest(DashboardFixture dashboard) : IAsyncLifetime
{
    private const int MostText = 3000;

    private readonly ConcurrentQueue<string> _problems = [];
    private readonly List<IBrowserContext> _contexts = [];

    /// <summary>The dashboard that all tests share.</summary>
    protected DashboardFixture Dashboard { get; } = dashboard;

    /// <summary>Ends with the test.</summary>
    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Opens a page in a window of its own and waits until it answers to clicks. Skips the test where no browser is here.</summary>
    protected async Task<IPage> OpenAsync(string path = "/", Look? look = null)
    {
        look ??= Look.Usual;
        IPage page = await OpenWindowAsync(new()
        {
            ColorScheme = look.Scheme,
            ViewportSize = new() { Width = look.Width, Height = 900 },
            Permissions = ["clipboard-read", "clipboard-write"],
        });
        await page.GotoAsync(path);
        await page.InteractiveAsync();
        return page;
    }

    /// <summary>An empty window of its own, for pages outside the interactive app. Skips the test where no browser is here.</summary>
    protected async Task<IPage> OpenWindowAsync(BrowserNewContextOptions options)
    {
        IBrowserContext context = await Dashboard.OpenContextAsync(options);
        _contexts.Add(context);
        IPage page = await context.NewPageAsync();
        // The first test waits for the model too, on a machine that may be busy.
        page.SetDefaultTimeout(120_000);
        page.PageError += (_, error) => _problems.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                _problems.Enqueue(message.Text);
        };
        return page;
    }

    /// <summary>What a page must be in every look: no serious finding of axe, nothing wider than the window; a screenshot is saved if wanted.</summary>
    protected static async Task LooksRightAsync(IPage page, string name, Look look)
    {
        await Screenshots.SaveAsync(page, $"{name}-{look}");
        await page.AssertFitsAsync();
        await Accessibility.AssertNoSeriousFindingsAsync(page);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        bool failed = TestContext.Current.TestState?.Result == TestResult.Failed;
        foreach ((IBrowserContext context, int i) in _contexts.Select((c, i) => (c, i)))
        {
            if (failed && context.Pages.Count > 0)
                await TellAsync(context.Pages[0], i);
            await context.CloseAsync();
        }
        if (!failed)
            Assert.Empty(_problems);
        foreach (string problem in _problems)
            TestContext.Current.TestOutputHelper?.WriteLine($"problem in a window: {problem}");
    }

    private static async Task TellAsync(IPage page, int number)
    {
        try
        {
            string body = await page.InnerTextAsync("body", new() { Timeout = 10_000 });
            TestContext.Current.TestOutputHelper?.WriteLine($"window {number} at {page.Url}:\n{(body.Length > MostText ? body[..MostText] + "…" : body)}");
            await Screenshots.SaveAsync(page, $"failed-{TestContext.Current.TestMethod?.MethodName}-{number}");
        }
        catch (Exception e) when (e is PlaywrightException or TimeoutException)
        {
            // The test failed already; a page that does not answer must not hide why.
            TestContext.Current.TestOutputHelper?.WriteLine($"window {number} at {page.Url} does not answer: {e.Message}");
        }
    }
}
