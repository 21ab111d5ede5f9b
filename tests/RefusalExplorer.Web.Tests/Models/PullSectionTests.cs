using Bunit;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Data.Hub;
using RefusalExplorer.Data.Inventory;
using RefusalExplorer.Data.Tests.Hub;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Web.Components.Pages.Models;
using RefusalExplorer.Web.Models;
using RefusalExplorer.Web.Runs;
using Xunit;

namespace RefusalExplorer.Web.Tests.Models;

public sealed class PullSectionTests : WebTestContext, IAsyncLifetime
{
    private static readonly ConfiguredModel Model = new()
    {
        Name = "small",
        Repo = FakeHub.Repo,
        SaeRepo = FakeHub.Repo,
        Saes = "saes/layer_{l}/params.npz",
        SaeLayers = [1, 2],
    };

    private readonly string _cache = Directory.CreateTempSubdirectory("refusal-models-").FullName;
    private FakeHub _hub = null!;
    private string? _token;

    public async ValueTask InitializeAsync()
    {
        _hub = await FakeHub.StartAsync();
        HubOptions options = _hub.Options(_cache) with { Token = () => _token is null ? null : new HubToken(_token, "HF_TOKEN") };
        Services.AddSingleton(options);
        Services.AddSingleton(new HubDownloader(options));
        Services.AddSingleton(new RunHub());
        Services.AddSingleton<PullRuns>();
        _hub.Add("config.json", "{}"u8.ToArray());
        _hub.Add("model.safetensors", 200_000);
        _hub.Add("saes/layer_1/params.npz", 3000);
        _hub.Add("saes/layer_2/params.npz", 4000);
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await base.DisposeAsync();
        await _hub.DisposeAsync();
        Directory.Delete(_cache, recursive: true);
    }

    [Fact]
    public void Nothing_IsAsked_BeforeAButtonIsPressed()
    {
        Show();
        Assert.Empty(_hub.HubSeen);
    }

    [Fact]
    public async Task Plan_ShowsSizes_AndFetchesNothing()
    {
        IRenderedComponent<PullSection> section = Show();
        section.Find("input").Change("2");
        await section.Find("[data-plan]").ClickAsync();

        Assert.Equal(["org/model", "2", "200 kB", "200 kB", "org/model", "1", "4 kB", "4 kB"], section.FindAll("tbody td").Select(c => c.TextContent.Trim()));
        Assert.Empty(_hub.StoreSeen);
    }

    [Fact]
    public async Task Download_EndsWithWhatCame_AndTellsThePage()
    {
        bool told = false;
        IRenderedComponent<PullSection> section = Show(() => told = true);
        await section.Find("[data-download]").ClickAsync();

        section.WaitForElement("[data-pull-done]", TimeSpan.FromSeconds(120));
        Assert.Equal("Done: 4 files, 207 kB, of which 207 kB were fetched, hashes checked.", section.Find("[data-pull-done]").TextContent);
        section.WaitForAssertion(() => Assert.True(told));
    }

    [Fact]
    public async Task Reload_FindsTheDownloadAgain_AndStopKeepsWhatCame()
    {
        _hub.StoreFault = async (context, bytes) =>
        {
            if (bytes.Length < 100_000 || context.Request.Headers.Range.Count > 0)
                return false;
            context.Response.ContentLength = bytes.Length;
            await context.Response.Body.WriteAsync(bytes.AsMemory(0, 100_000));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        IRenderedComponent<PullSection> first = Show();
        await first.Find("[data-download]").ClickAsync();
        // Once it is written, not once the hub has sent it: of what is stopped before, the next download would find nothing to go on with.
        string incomplete = $"{_hub.Hash("model.safetensors")}.incomplete";
        while (!Directory.EnumerateFiles(_cache, incomplete, SearchOption.AllDirectories).Any(f => new FileInfo(f).Length >= 100_000))
            await Task.Delay(5, Xunit.TestContext.Current.CancellationToken);
        first.Instance.Dispose();

        IRenderedComponent<PullSection> second = Show();
        second.WaitForElement("progress", TimeSpan.FromSeconds(120));
        await second.Find("[data-stop-pull]").ClickAsync();
        second.WaitForAssertion(() => Assert.Contains("What has arrived is kept", second.Markup, StringComparison.Ordinal), TimeSpan.FromSeconds(120));
        Assert.Equal("Go on with the download", second.Find("[data-download]").TextContent);

        await second.Find("[data-download]").ClickAsync();
        second.WaitForElement("[data-pull-done]", TimeSpan.FromSeconds(120));
        Assert.Contains("207 kB, of which 107 kB were fetched", second.Find("[data-pull-done]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GatedWithoutAToken_SaysHowToGetIn()
    {
        _hub.Gated = "\"manual\"";
        IRenderedComponent<PullSection> section = Show();
        await section.Find("[data-plan]").ClickAsync();
        Assert.Contains("gated", section.Find("tbody").TextContent, StringComparison.Ordinal);

        await section.Find("[data-download]").ClickAsync();
        section.WaitForElement("[data-hint]", TimeSpan.FromSeconds(120));
        Assert.Contains("accept its terms at", section.Find(".error-line").TextContent, StringComparison.Ordinal);
        Assert.Contains("hf auth login", section.Find("[data-hint]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GatedWithAToken_NeverShowsIt()
    {
        (_hub.Gated, _token) = ("\"manual\"", "hf_secretsecret");
        IRenderedComponent<PullSection> section = Show();
        await section.Find("[data-download]").ClickAsync();
        section.WaitForElement("[data-hint]", TimeSpan.FromSeconds(120));
        Assert.Contains("token from HF_TOKEN", section.Markup, StringComparison.Ordinal);
        Assert.DoesNotContain("hf_secretsecret", section.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoSpace_SaysHowMuchIsNeeded()
    {
        Services.AddSingleton(new HubDownloader(_hub.Options(_cache) with { FreeSpace = _ => 1000 }));
        IRenderedComponent<PullSection> section = Show();
        await section.Find("[data-download]").ClickAsync();
        section.WaitForElement("[data-hint]", TimeSpan.FromSeconds(120));
        Assert.Contains("to fetch, 1 kB free", section.Find(".error-line").TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("abc", "layers: 'abc'")]
    [InlineData("9", "no SAE is configured for layer 9")]
    public async Task WrongLayers_AreOneLine(string layers, string says)
    {
        IRenderedComponent<PullSection> section = Show();
        section.Find("input").Change(layers);
        await section.Find("[data-download]").ClickAsync();
        Assert.Contains(says, section.Find(".error-line").TextContent, StringComparison.Ordinal);
        Assert.Empty(_hub.HubSeen);
    }

    private IRenderedComponent<PullSection> Show(Action? done = null)
    {
        var facts = new ModelFacts
        {
            Model = Model,
            CanPull = true,
            Saes = [.. Model.SaeLayers.Select(l => new SaeFacts { Layer = l, Path = "x", Present = false })],
        };
        return Render<PullSection>(p => p.Add(c => c.Facts, facts).Add(c => c.OnDone, () => done?.Invoke()));
    }
}
