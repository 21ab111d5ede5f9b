using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using RefusalExplorer.Web.Hosting;
using Xunit;

[assembly: AssemblyFixture(typeof(RefusalExplorer.EndToEnd.Tests.DashboardFixture))]
// One model answers all: tests side by side would only wait for each other, and queue places would depend on luck.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace RefusalExplorer.EndToEnd.Tests;

/// <summary>The real dashboard with the demo model on a free port and an empty data folder, and a browser: one of each for all tests.</summary>
public sealed class DashboardFixture : IAsyncLifetime
{
    private static readonly string[] Known =
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];

    private readonly string _folder = Directory.CreateTempSubdirectory("refusal-explorer-e2e-").FullName;
    private WebApplication? _app;
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Where it listens, without a slash at its end.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The app's services: to put data into its stores, or to look what is in them.</summary>
    public IServiceProvider Services => _app!.Services;

    /// <summary>The app's data folder.</summary>
    public string DataFolder => _folder;

    /// <summary>The browser that is here, or null.</summary>
    public static string? Chromium { get; } = Environment.GetEnvironmentVariable("CHROMIUM") is { Length: > 0 } named ? named : Known.FirstOrDefault(File.Exists);

    /// <summary>A service of the app.</summary>
    public T Get<T>() where T : notnull => Services.GetRequiredService<T>();

    public async ValueTask InitializeAsync()
    {
        _app = Dashboard.Create(["--urls", "http://127.0.0.1:0", $"--RefusalExplorer:DataFolder={_folder}"]);
        await _app.StartAsync();
        Address = _app.Urls.First();
        if (Chromium is null)
            return;
        // Five seconds, its default, is too little for a busy machine; only a test that fails waits so long.
        Assertions.SetDefaultExpectTimeout(120_000);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        });
    }

    /// <summary>A browser window of its own (cookies and storage too); whoever opens it closes it. <see cref="BrowserTest"/> does.</summary>
    internal async Task<IBrowserContext> OpenContextAsync(BrowserNewContextOptions options)
    {
        if (_browser is null && Environment.GetEnvironmentVariable("REFUSAL_EXPLORER_REQUIRE_BROWSER") == "1")
            Assert.Fail("no Chromium here, and REFUSAL_EXPLORER_REQUIRE_BROWSER asks for one");
        Assert.SkipWhen(_browser is null, "no Chromium here: install the package chromium, or name one in the variable CHROMIUM");
        options.BaseURL = Address;
        options.ReducedMotion = ReducedMotion.Reduce;
        return await _browser!.NewContextAsync(options);
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
        Directory.Delete(_folder, recursive: true);
    }
}
