using RefusalExplorer.Pipeline.Ports;
using static RefusalExplorer.Data.Tests.Neuronpedia.FakeNeuronpedia;

namespace RefusalExplorer.Data.Tests.Neuronpedia;

public sealed class NeuronpediaFaultTests : IAsyncLifetime
{
    private readonly Clock _clock = new();
    private FakeNeuronpedia _fake = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _fake = await StartAsync();

    public ValueTask DisposeAsync() => _fake.DisposeAsync();

    [Theory]
    [InlineData(200, "<html>Log in</html>", "text/html", NeuronpediaFault.Broken, "text/html instead of a feature")]
    [InlineData(200, "{\"modelId\":", "application/json", NeuronpediaFault.Broken, "broken JSON")]
    [InlineData(200, "", "application/json", NeuronpediaFault.Broken, "instead of a feature")]
    [InlineData(200, "null", "application/json", NeuronpediaFault.Broken, "instead of a feature")]
    [InlineData(200, "{\"modelId\":\"gemma-2-2b\",\"layer\":\"1-x\",\"index\":\"1\"}", "application/json", NeuronpediaFault.Broken, "another feature")]
    [InlineData(200, "[]", "application/json", NeuronpediaFault.Broken, "another feature")]
    [InlineData(400, "{\"message\":\"x\"}", "application/json", NeuronpediaFault.Refused, "answered 400")]
    [InlineData(401, "{}", "application/json", NeuronpediaFault.Refused, "API key")]
    [InlineData(403, "<html>", "text/html", NeuronpediaFault.Refused, "refuses the request (403)")]
    [InlineData(302, "", "text/html", NeuronpediaFault.Broken, "answered 302")]
    [InlineData(500, "{}", "application/json", NeuronpediaFault.Broken, "answered 500; try again later")]
    public async Task OddAnswer_IsOneClearLine_AndNothingIsKept(int status, string body, string type, NeuronpediaFault fault, string says)
    {
        _fake.Fault = c => SendAsync(c, status, body, type);
        INeuronpedia client = _fake.Client();

        NeuronpediaException e = await Assert.ThrowsAsync<NeuronpediaException>(() => client.FeatureAsync(Key(1), cancellation: Token));
        Assert.Equal(fault, e.Fault);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.Null(client.Kept(Key(1)));

        _fake.Fault = _ => Task.FromResult(false);
        Assert.NotNull((await client.FeatureAsync(Key(1), cancellation: Token)).Feature);
    }

    [Theory]
    [InlineData(500, 3)]
    [InlineData(503, 3)]
    [InlineData(429, 1)]
    [InlineData(400, 1)]
    public async Task OnlyServerErrors_AreTriedAgain(int status, int requests)
    {
        _fake.Fault = c => SendAsync(c, status, "{}");
        await Assert.ThrowsAsync<NeuronpediaException>(() => _fake.Client().FeatureAsync(Key(1), cancellation: Token));
        Assert.Equal(requests, _fake.Server.Seen.Count);
    }

    [Fact]
    public async Task ServerError_Once_IsNotSeen()
    {
        int calls = 0;
        _fake.Fault = async c => ++calls == 1 && await SendAsync(c, 502, "bad gateway", "text/plain");
        Assert.NotNull((await _fake.Client().FeatureAsync(Key(1), cancellation: Token)).Feature);
    }

    [Fact]
    public async Task TooManyRequests_PausesUntilTheWindowEnds_AlsoAfterARestart()
    {
        INeuronpedia client = _fake.Client(_clock);
        await client.FeatureAsync(Key(1), cancellation: Token);
        DateTimeOffset first = _clock.Now;
        _clock.Now += TimeSpan.FromMinutes(20);
        _fake.Fault = c => SendAsync(c, 429, "{\"error\":\"rate limit\"}");

        NeuronpediaException e = await Assert.ThrowsAsync<NeuronpediaException>(() => client.FeatureAsync(Key(2), cancellation: Token));
        Assert.Equal(NeuronpediaFault.Paused, e.Fault);
        Assert.Equal(first.AddMinutes(60), client.Status.PausedUntil);
        Assert.Contains("429", client.Status.Reason, StringComparison.Ordinal);

        _fake.Fault = _ => Task.FromResult(false);
        int seen = _fake.Server.Seen.Count;
        INeuronpedia restarted = _fake.Client(_clock);
        Assert.Equal(first.AddMinutes(60), restarted.Status.PausedUntil);
        await Assert.ThrowsAsync<NeuronpediaException>(() => restarted.FeatureAsync(Key(2), cancellation: Token));
        Assert.NotNull((await restarted.FeatureAsync(Key(1), cancellation: Token)).Feature);
        // Searches have a limit of their own.
        Assert.Equal(2, (await restarted.SearchAsync(Model, [Source], "refusal", cancellation: Token)).Hits.Length);
        Assert.Equal(seen + 1, _fake.Server.Seen.Count);

        _clock.Now += TimeSpan.FromMinutes(41);
        Assert.Null(restarted.Status.PausedUntil);
        Assert.NotNull((await restarted.FeatureAsync(Key(2), cancellation: Token)).Feature);
    }

    [Fact]
    public async Task TooManyRequests_WithRetryAfter_WaitsThatLong()
    {
        INeuronpedia client = _fake.Client(_clock);
        _fake.Fault = c =>
        {
            c.Response.Headers.RetryAfter = "600";
            return SendAsync(c, 429, "{}");
        };
        await Assert.ThrowsAsync<NeuronpediaException>(() => client.FeatureAsync(Key(2), cancellation: Token));
        Assert.Equal(_clock.Now.AddMinutes(10), client.Status.PausedUntil);
    }

    [Fact]
    public async Task NoAnswerInTime_IsSaid_AndTheNextCallerNeedNotWait()
    {
        var released = new TaskCompletionSource();
        _fake.Fault = async _ =>
        {
            await released.Task;
            return false;
        };
        INeuronpedia client = _fake.Client(_clock, attempt: TimeSpan.FromSeconds(2));
        NeuronpediaException e = await Assert.ThrowsAsync<NeuronpediaException>(() => client.FeatureAsync(Key(1), cancellation: Token));
        Assert.Equal(NeuronpediaFault.Unreachable, e.Fault);
        Assert.Contains("did not answer in time", e.Message, StringComparison.Ordinal);

        await Assert.ThrowsAsync<NeuronpediaException>(() => client.FeatureAsync(Key(2), cancellation: Token));
        Assert.Single(_fake.Server.Seen);
        released.SetResult();
        _clock.Now += TimeSpan.FromSeconds(31);
        Assert.NotNull((await client.FeatureAsync(Key(2), cancellation: Token)).Feature);
    }

    [Fact]
    public async Task Offline_SaysSo_AndWhatIsKeptIsGivenWithoutAsking()
    {
        await _fake.Client(_clock).FeatureAsync(Key(1), cancellation: Token);
        INeuronpedia offline = _fake.Client(_clock, address: new Uri("http://127.0.0.1:9"));

        NeuronpediaException e = await Assert.ThrowsAsync<NeuronpediaException>(() => offline.FeatureAsync(Key(2), cancellation: Token));
        Assert.Equal(NeuronpediaFault.Unreachable, e.Fault);
        Assert.Contains("cannot be reached", e.Message, StringComparison.Ordinal);
        Assert.NotNull((await offline.FeatureAsync(Key(1), cancellation: Token)).Feature);
        Assert.Equal(_clock.Now.AddSeconds(30), offline.Status.PausedUntil);
    }

    [Fact]
    public async Task HugeBody_IsNotRead()
    {
        _fake.Fault = async c =>
        {
            c.Response.ContentType = "application/json";
            byte[] block = new byte[1 << 20];
            block.AsSpan().Fill((byte)' ');
            for (int i = 0; i < 64 && !c.RequestAborted.IsCancellationRequested; i++)
                await c.Response.Body.WriteAsync(block, c.RequestAborted).AsTask().ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        NeuronpediaException e = await Assert.ThrowsAsync<NeuronpediaException>(() => _fake.Client().FeatureAsync(Key(1), cancellation: Token));
        Assert.Equal(NeuronpediaFault.Broken, e.Fault);
        Assert.Contains("more than a feature can be", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OddFields_AreUnknown_AndTheRestIsRead()
    {
        _fake.Fault = c => SendAsync(c, 200, $$"""
            {"modelId":"{{Model}}","layer":"{{Source}}","index":1,"maxActApprox":"x","frac_nonzero":null,"pos_str":["a",null,7],"pos_values":[1,null],
             "neg_str":"none","activations":[{"tokens":["a"],"values":[]},{"tokens":["x\ud83d"],"values":[1e999]},{"tokens":["b","c"],"values":[2]},null,5],
             "explanations":[{"description":null},{"description":"kept"},[],{"description":"  "}],"topkCosSimIndices":[-1,5],"topkCosSimValues":[1,0.5]}
            """);
        NeuronpediaFeature feature = (await _fake.Client().FeatureAsync(Key(1), cancellation: Token)).Feature!;
        Assert.Equal("kept", Assert.Single(feature.Explanations).Text);
        Assert.Null(feature.MaxActivation);
        Assert.Equal([new NeuronpediaLogit("a", 1), new NeuronpediaLogit("", 0)], feature.PositiveLogits);
        Assert.Empty(feature.NegativeLogits);
        Assert.Equal(["b", "x\\ud83d"], feature.Examples.Select(e => e.Tokens[0]));
        Assert.Equal(new NeuronpediaNeighbour(5, 0.5), Assert.Single(feature.Similar));
    }

    [Fact]
    public async Task Cancelled_IsNoFault()
    {
        _fake.Fault = async c =>
        {
            await Task.Delay(Timeout.Infinite, c.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        INeuronpedia client = _fake.Client();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.FeatureAsync(Key(1), cancellation: cancel.Token));
        Assert.Null(client.Status.PausedUntil);
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
