using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Data.Store;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Web.Api.Limits;
using RefusalExplorer.Web.Warmup;
using Xunit;

namespace RefusalExplorer.Web.Tests.Hosting;

public sealed class HealthTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WithModelStoreAndRoom_ItIsReady_AndNothingIsLeftInTheStoresFolder()
    {
        await using TestServer server = await StartAsync(new Readiness("demo is ready", 1, Ready: true));
        JsonNode answer = await ReadyAsync(server, HttpStatusCode.OK);
        Assert.True((bool)answer["ready"]!);
        Assert.Equal(["model", "queue", "store"], answer["checks"]!.AsObject().Select(c => c.Key).Order());
        string folder = server.Services.GetRequiredService<StoreOptions>().Folder;
        Assert.DoesNotContain(Directory.EnumerateFiles(folder), f => f.EndsWith(".probe", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Loading demo", false)]
    [InlineData("demo: the file model.safetensors is damaged", true)]
    public async Task WithoutItsModel_ItLives_ButIsNotReady_AndSaysWhy(string what, bool failed)
    {
        await using TestServer server = await StartAsync(new Readiness(what, null, Failed: failed));
        Assert.Equal(what, await NotReadyAsync(server, "model"));
        using HttpResponseMessage live = await server.Client.GetAsync("/healthz", Ct);
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal("ok", await live.Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task WithAFullDisk_ItIsNotReady()
    {
        await using TestServer server = await StartAsync(configure: services => services.AddSingleton(provider =>
            new StoreOptions { Folder = Path.Combine(provider.GetRequiredService<RefusalExplorer.Data.Composition.AppSettings>().ResolvedDataFolder, "store"), MinimumFreeSpace = long.MaxValue }));
        Assert.Contains("the disk is full", await NotReadyAsync(server, "store"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithAStoreThatAnotherProcessHolds_ItIsNotReady_AndIsWhenThatEnds()
    {
        await using TestServer server = await StartAsync();
        StoreOptions options = server.Services.GetRequiredService<StoreOptions>();
        using (LiteStore.Open(options))
            Assert.Contains("process", await NotReadyAsync(server, "store"), StringComparison.Ordinal);
        await ReadyAsync(server, HttpStatusCode.OK);
    }

    [Fact]
    public async Task WithAFullQueue_ItIsNotReady_UntilThereIsRoom()
    {
        await using TestServer server = await StartAsync(settings: ["Engine:QueueCapacity=1"]);
        EngineHost engine = server.Services.GetRequiredService<EngineHost>();
        var started = new TaskCompletionSource();
        using var gate = new ManualResetEventSlim();
        Task<bool> runs = engine.RunAsync("hold", (_, ct) => { started.SetResult(); gate.Wait(ct); return true; }, cancellation: Ct);
        await started.Task;
        await ReadyAsync(server, HttpStatusCode.OK);
        Task<bool> waits = engine.RunAsync("wait", (_, _) => true, cancellation: Ct);
        Assert.StartsWith("full", await NotReadyAsync(server, "queue"), StringComparison.Ordinal);
        gate.Set();
        await Task.WhenAll(runs, waits);
        await ReadyAsync(server, HttpStatusCode.OK);
    }

    [Fact]
    public async Task WithAFullApiQueue_ItIsNotReady()
    {
        await using TestServer server = await StartAsync(settings: ["Api:AtOnce=1", "Api:Waiting=1"]);
        FairQueue queue = server.Services.GetRequiredService<FairQueue>();
        using (await queue.EnterAsync("a", Ct))
        {
            Task<FairQueue.Turn> waits = queue.EnterAsync("b", Ct);
            Assert.StartsWith("full", await NotReadyAsync(server, "queue"), StringComparison.Ordinal);
            _ = waits.ContinueWith(t => t.Result.Dispose(), Ct, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
        await ReadyAsync(server, HttpStatusCode.OK);
    }

    [Fact]
    public async Task WithoutTheToken_ItSaysWhichCheckFailed_AndNotWhy()
    {
        await using TestServer server = await StartAsync(new Readiness("/home/me/model: damaged", null, Failed: true), ["Access:Token=correct horse battery"]);
        using var ask = new HttpRequestMessage(HttpMethod.Get, "/readyz");
        using HttpResponseMessage response = await server.Client.SendAsync(ask, Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        string text = await response.Content.ReadAsStringAsync(Ct);
        Assert.False((bool)JsonNode.Parse(text)!["checks"]!["model"]!["ready"]!);
        Assert.DoesNotContain("/home/me", text, StringComparison.Ordinal);
        using var known = new HttpRequestMessage(HttpMethod.Get, "/readyz");
        known.Headers.Authorization = new("Bearer", "correct horse battery");
        using HttpResponseMessage told = await server.Client.SendAsync(known, Ct);
        Assert.Contains("/home/me", await told.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    private static Task<TestServer> StartAsync(Readiness? model = null, IEnumerable<string>? settings = null, Action<IServiceCollection>? configure = null) =>
        TestServer.StartAsync(settings, services =>
        {
            services.AddSingleton<IModelReadiness>(new Fixed(model ?? new Readiness("demo is ready", 1, Ready: true)));
            configure?.Invoke(services);
        });

    private static async Task<JsonNode> ReadyAsync(TestServer server, HttpStatusCode expected)
    {
        using HttpResponseMessage response = await server.Client.GetAsync("/readyz", Ct);
        JsonNode answer = (await response.Content.ReadFromJsonAsync<JsonNode>(Ct))!;
        Assert.True(expected == response.StatusCode, answer.ToJsonString());
        return answer;
    }

    private static async Task<string> NotReadyAsync(TestServer server, string check)
    {
        JsonNode answer = await ReadyAsync(server, HttpStatusCode.ServiceUnavailable);
        Assert.False((bool)answer["ready"]!);
        Assert.Equal([check], answer["checks"]!.AsObject().Where(c => !(bool)c.Value!["ready"]!).Select(c => c.Key));
        return (string)answer["checks"]![check]!["what"]!;
    }

    private sealed class Fixed(Readiness state) : IModelReadiness
    {
        public Readiness State => state;

        public event Action? Changed
        {
            add { }
            remove { }
        }
    }
}
