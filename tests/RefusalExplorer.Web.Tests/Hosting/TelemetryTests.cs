using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Web.Api.Limits;
using RefusalExplorer.Web.Tests.Api;
using Xunit;

namespace RefusalExplorer.Web.Tests.Hosting;

public sealed class TelemetryTests
{
    private static readonly object Completion = new { model = "tiny", prompt = "Hello", max_tokens = 5, temperature = 0, ignore_eos = true };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Completion_IsMeasured_InQueueTokensAndRate()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        EngineHost engine = api.Server.Services.GetRequiredService<EngineHost>();
        using var seen = new Measurements(m => m.Scope == engine || m.Name == "RefusalExplorer.Generation");
        ApiAnswer answer = await api.PostAsync("/v1/completions", Completion);
        Assert.True(answer.Status == 200, answer.Text);
        // The engine measures after it has answered; the next piece of work begins after that.
        await engine.RunAsync("next", (_, _) => true, cancellation: Ct);

        Assert.All(seen.Of("refusal_explorer.engine.queue.wait"), w => Assert.True(w.Value >= 0));
        Assert.Contains(seen.Of("refusal_explorer.engine.work.duration"), w => (w.Value > 0, (string?)w.Tags["outcome"]) == (true, "ok"));
        (double Value, Dictionary<string, object?> Tags)[] tokens = [.. seen.Of("refusal_explorer.generation.tokens")];
        Assert.Contains(tokens, t => (t.Value, (string?)t.Tags["model"]) == (5, "tiny"));
        Assert.Contains(seen.Of("refusal_explorer.generation.rate"), r => r.Value > 0);
    }

    [Fact]
    public async Task Queues_TellTheirLength()
    {
        await using ApiServer api = await ApiServer.StartAsync(["Api:AtOnce=1"]);
        EngineHost engine = api.Server.Services.GetRequiredService<EngineHost>();
        FairQueue queue = api.Server.Services.GetRequiredService<FairQueue>();
        using var seen = new Measurements(m => m.Scope == engine || m.Scope == queue);
        using var gate = new ManualResetEventSlim();
        var started = new TaskCompletionSource();
        Task<bool> first = engine.RunAsync("hold", (_, ct) => { started.SetResult(); gate.Wait(ct); return true; }, cancellation: Ct);
        await started.Task;
        Task<bool> second = engine.RunAsync("wait", (_, _) => true, cancellation: Ct);
        using (await queue.EnterAsync("a", Ct))
        {
            using var gone = new CancellationTokenSource();
            Task<FairQueue.Turn> waits = queue.EnterAsync("b", gone.Token);
            seen.Observe();
            Assert.Equal(2, seen.Of("refusal_explorer.engine.queue.length").Last().Value);
            Assert.Equal(1, seen.Of("refusal_explorer.api.queue.length").Last().Value);
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        }
        gate.Set();
        await Task.WhenAll(first, second);
        Assert.Equal(2, seen.Of("refusal_explorer.engine.queue.wait").Count());
    }

    [Theory]
    [InlineData("out of memory", "out_of_memory")]
    [InlineData("cancelled", "cancelled")]
    [InlineData("anything", "failed")]
    public async Task FailedWork_IsMeasuredByItsOutcome(string what, string outcome)
    {
        await using var engine = new EngineHost(new EngineOptions());
        using var seen = new Measurements(m => m.Scope == engine);
        await Assert.ThrowsAnyAsync<Exception>(() => engine.RunAsync<bool>("fail", (_, _) => throw what switch
        {
            "out of memory" => new InsufficientMemoryException(),
            "cancelled" => new OperationCanceledException(),
            _ => new InvalidOperationException(),
        }, cancellation: Ct));
        await engine.RunAsync("next", (_, _) => true, cancellation: Ct);
        Assert.Equal([outcome], seen.Of("refusal_explorer.engine.work.duration").Take(1).Select(w => (string)w.Tags["outcome"]!));
    }

    [Fact]
    public async Task ByDefault_NothingCollects_AndThereIsNoPageToScrape()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Null(server.Services.GetService<MeterProvider>());
        using HttpResponseMessage response = await server.Client.GetAsync("/metrics", Ct);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Scraping_WhereAskedFor_TellsQueueTokensAndMemory_ToThoseWithTheToken()
    {
        await using ApiServer api = await ApiServer.StartAsync(["Telemetry:Prometheus=true", "Access:Token=correct horse battery"]);
        using (HttpResponseMessage stranger = await api.Client.GetAsync("/metrics", Ct))
            Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        api.Client.DefaultRequestHeaders.Authorization = new("Bearer", "correct horse battery");
        await api.PostAsync("/v1/completions", Completion);
        string text = await api.Client.GetStringAsync("/metrics", Ct);
        foreach (string name in new[]
        {
            "refusal_explorer_engine_queue_length", "refusal_explorer_engine_queue_wait_seconds_bucket", "refusal_explorer_generation_tokens_total",
            "refusal_explorer_generation_rate", "refusal_explorer_runs_running", "dotnet_process_memory_working_set_bytes",
        })
        {
            Assert.Contains(name, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Collector_WhereNamed_GetsReports()
    {
        await using Collector collector = await Collector.StartAsync();
        await using (await ApiServer.StartAsync(["Telemetry:OtlpProtocol=Http", "Telemetry:IntervalSeconds=1", $"Telemetry:OtlpEndpoint={collector.Address}"]))
        {
            // The first report may come before the gauges are there.
            string path;
            string body;
            do
                (path, body) = await collector.NextAsync(Ct);
            while (!body.Contains("refusal_explorer.runs.running", StringComparison.Ordinal));
            Assert.Equal("/v1/metrics", path);
            Assert.Contains("refusal-explorer", body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void CollectorsAddress_ThatIsNone_IsRefusedInOneLine()
    {
        EngineException e = Assert.Throws<EngineException>(() => Web.Hosting.Dashboard.Create(["--RefusalExplorer:Telemetry:OtlpEndpoint=localhost"]));
        Assert.Contains("Telemetry:OtlpEndpoint", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    /// <summary>Keeps what the chosen meters measure.</summary>
    private sealed class Measurements : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly ConcurrentQueue<(string Name, double Value, Dictionary<string, object?> Tags)> _all = new();

        public Measurements(Func<Meter, bool> which)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (which(instrument.Meter))
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<double>((i, v, tags, _) => Keep(i, v, tags));
            _listener.SetMeasurementEventCallback<long>((i, v, tags, _) => Keep(i, v, tags));
            _listener.SetMeasurementEventCallback<int>((i, v, tags, _) => Keep(i, v, tags));
            _listener.Start();
        }

        public IEnumerable<(double Value, Dictionary<string, object?> Tags)> Of(string name) => _all.Where(m => m.Name == name).Select(m => (m.Value, m.Tags));

        public void Observe() => _listener.RecordObservableInstruments();

        public void Dispose() => _listener.Dispose();

        private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            _all.Enqueue((instrument.Name, value, tags.ToArray().ToDictionary()));
    }

    /// <summary>A collector that keeps the first report.</summary>
    private sealed class Collector(WebApplication app, ChannelReader<(string, string)> reports) : IAsyncDisposable
    {
        public string Address => app.Urls.First();

        public async Task<(string Path, string Body)> NextAsync(CancellationToken cancellation) =>
            await reports.ReadAsync(cancellation).AsTask().WaitAsync(TimeSpan.FromMinutes(1), cancellation);

        public static async Task<Collector> StartAsync()
        {
            var reports = Channel.CreateUnbounded<(string, string)>();
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            WebApplication app = builder.Build();
            app.Run(async context =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                reports.Writer.TryWrite((context.Request.Path, System.Text.Encoding.UTF8.GetString(body.ToArray())));
            });
            await app.StartAsync();
            return new Collector(app, reports.Reader);
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
