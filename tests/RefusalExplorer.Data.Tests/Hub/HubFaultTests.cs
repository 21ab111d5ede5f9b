using Microsoft.AspNetCore.Http;
using RefusalExplorer.Data.Hub;

namespace RefusalExplorer.Data.Tests.Hub;

public sealed class HubFaultTests : HubTest
{
    [Fact]
    public async Task CutConnections_AreResumedWhereTheyBroke()
    {
        byte[] weights = Hub.Add("model.safetensors", 1_000_000);
        int[] cuts = [200_000, 100_000, 300_000];
        int served = 0;
        Hub.StoreFault = async (context, bytes) =>
        {
            if (served >= cuts.Length)
                return false;
            await FakeHub.SendAsync(context, bytes, cuts[served++]);
            return true;
        };

        HubPull pull = await PullAsync(include: ["*"]);

        Assert.Equal(weights, await File.ReadAllBytesAsync(Snapshot("model.safetensors"), Token));
        // How much of an aborted answer arrives is up to the network; no byte that arrived is asked for again.
        Assert.Equal(4, Hub.StoreSeen.Count);
        Assert.StartsWith("bytes=", Hub.StoreSeen.Last().Range, StringComparison.Ordinal);
        Assert.Equal(1_000_000, pull.Fetched);
    }

    [Fact]
    public async Task Cancelled_KeepsWhatArrived_AndTheNextPullGoesOnThere()
    {
        byte[] weights = Hub.Add("model.safetensors", 800_000);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Hub.StoreFault = async (context, bytes) =>
        {
            context.Response.ContentLength = bytes.Length;
            await context.Response.Body.WriteAsync(bytes.AsMemory(0, 500_000));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        var reports = new Reports<HubProgress>();
        Task<HubPull> pulling = PullAsync(progress: reports, cancellation: stop.Token, include: ["*"]);
        string incomplete = Path.Combine(Root, "blobs", Hub.Hash("model.safetensors") + ".incomplete");
        while (!File.Exists(incomplete) || new FileInfo(incomplete).Length < 500_000)
            await Task.Delay(5, Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pulling);
        Hub.StoreFault = (_, _) => Task.FromResult(false);

        HubPull resumed = await PullAsync(include: ["*"]);

        Assert.Equal(300_000, resumed.Fetched);
        Assert.Equal("bytes=500000-", Hub.StoreSeen.Last().Range);
        Assert.Equal(weights, await File.ReadAllBytesAsync(Snapshot("model.safetensors"), Token));
    }

    [Fact]
    public async Task ServerWithoutRanges_StartsAgainFromTheBeginning()
    {
        byte[] weights = Hub.Add("model.safetensors", 400_000);
        int served = 0;
        Hub.StoreFault = async (context, bytes) =>
        {
            context.Request.Headers.Remove("Range");
            await FakeHub.SendAsync(context, bytes, served++ == 0 ? 100_000 : null);
            return true;
        };

        await PullAsync(include: ["*"]);

        Assert.Equal(weights, await File.ReadAllBytesAsync(Snapshot("model.safetensors"), Token));
    }

    [Theory]
    [InlineData(400_000)]
    [InlineData(900_000)]
    [InlineData(150_000)]
    public async Task LeftoverOfOtherBytes_IsFetchedAgain(int leftover)
    {
        byte[] weights = Hub.Add("model.safetensors", 400_000);
        string incomplete = Path.Combine(Root, "blobs", Hub.Hash("model.safetensors") + ".incomplete");
        Directory.CreateDirectory(Path.GetDirectoryName(incomplete)!);
        await File.WriteAllBytesAsync(incomplete, new byte[leftover], Token);

        await PullAsync(include: ["*"]);

        Assert.Equal(weights, await File.ReadAllBytesAsync(Snapshot("model.safetensors"), Token));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ChangedBytes_AreNeverKept(bool large)
    {
        Hub.Add("model.safetensors", 100_000);
        Hub.Add("tokenizer.json", 5000, large: false);
        Hub.StoreFault = (context, bytes) => Spoil(context, large ? bytes : null);
        Hub.HubFault = context => Spoil(context, !large && context.Request.Path.Value!.EndsWith("tokenizer.json", StringComparison.Ordinal) ? new byte[5000] : null);

        HubException error = await FailAsync(HubFault.Damaged, include: "*");

        Assert.Contains("arrived twice with another hash", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Snapshot(large ? "model.safetensors" : "tokenizer.json")));
        Assert.False(File.Exists(Path.Combine(Root, "refs", "main")));

        static async Task<bool> Spoil(HttpContext context, byte[]? bytes)
        {
            if (bytes is null)
                return false;
            byte[] spoiled = [.. bytes];
            spoiled[^1] ^= 1;
            await FakeHub.SendAsync(context, spoiled);
            return true;
        }
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    public async Task ServerFailures_AreTriedAgain_ThenNamed(int status)
    {
        AddModel();
        int failures = 3;
        Hub.HubFault = async context =>
        {
            if (failures-- <= 0)
                return false;
            await FakeHub.RefuseAsync(context, status);
            return true;
        };
        HubPull pull = await PullAsync();
        failures = int.MaxValue;
        HubException error = await FailAsync(HubFault.Server);

        Assert.Equal(3, pull.Files.Length);
        Assert.Contains($"answered {status} 6 times", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TooManyRequests_WaitsAsLongAsItIsAsked_ThenGoesOn()
    {
        AddModel();
        bool refused = false;
        Hub.HubFault = async context =>
        {
            if (refused)
                return false;
            refused = true;
            context.Response.Headers.RetryAfter = "0";
            await FakeHub.RefuseAsync(context, 429);
            return true;
        };
        var reports = new Reports<HubProgress>();
        await PullAsync(progress: reports);

        Assert.Contains(reports.All, r => r.Note == "127.0.0.1 asks to wait 0 s");
    }

    [Fact]
    public async Task TooManyRequests_ForLong_IsAnError_AfterOneRequest()
    {
        AddModel();
        Hub.HubFault = async context =>
        {
            context.Response.Headers["RateLimit"] = "\"api\";r=0;t=1800";
            await FakeHub.RefuseAsync(context, 429);
            return true;
        };
        HubException error = await FailAsync(HubFault.RateLimited);

        Assert.Equal("org/model: 127.0.0.1 allows no more requests for 30 minutes; a token (HF_TOKEN) allows more; what was fetched is kept", error.Message);
        Assert.Single(Hub.HubSeen);
    }

    [Fact]
    public async Task SilentConnection_CountsAsCut()
    {
        byte[] weights = Hub.Add("model.safetensors", 400_000);
        bool silent = false;
        Hub.StoreFault = async (context, bytes) =>
        {
            if (silent)
                return false;
            silent = true;
            context.Response.ContentLength = bytes.Length;
            await context.Response.Body.WriteAsync(bytes.AsMemory(0, 100_000));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };

        await PullAsync(with: o => o with { IdleTimeout = TimeSpan.FromMilliseconds(300) }, include: ["*"]);

        Assert.Equal(weights, await File.ReadAllBytesAsync(Snapshot("model.safetensors"), Token));
    }

    [Fact]
    public async Task TooSmallDisk_IsSaidBeforeAnythingIsFetched()
    {
        AddModel();
        HubException error = await FailAsync(HubFault.DiskFull, with: o => o with { FreeSpace = _ => 300_000, SpareSpace = 1000 });

        Assert.Contains("300 kB to fetch, 300 kB free", error.Message, StringComparison.Ordinal);
        Assert.Empty(Hub.StoreSeen);
    }

    [Fact]
    public async Task Offline_SaysSo_AndWhatTheCacheHas()
    {
        AddModel();
        await PullAsync();
        Uri nobody = new("http://127.0.0.1:9");
        HubException unreachable = await FailAsync(HubFault.Offline, with: o => o with { Endpoint = nobody });
        HubException told = await FailAsync(HubFault.Offline, with: o => o with { Offline = true });

        Assert.StartsWith("org/model: cannot reach 127.0.0.1 (", unreachable.Message, StringComparison.Ordinal);
        Assert.EndsWith("(its commit 01234567 is in the cache)", unreachable.Message, StringComparison.Ordinal);
        Assert.Contains("HF_HUB_OFFLINE is set", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LoginPageInBetween_IsNotTakenForAnAnswer()
    {
        Hub.HubFault = async context =>
        {
            context.Response.ContentType = "text/html";
            await context.Response.WriteAsync("<html>Please log in</html>");
            return true;
        };
        Assert.Contains("answered text/html instead of its list of files", (await FailAsync(HubFault.Server)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TwoPullsAtOnce_FetchEachFileOnce()
    {
        AddModel();
        HubPull[] pulls = await Task.WhenAll(PullAsync(), PullAsync());

        Assert.Equal(pulls[0].Size, pulls.Sum(p => p.Fetched));
        Assert.Single(Hub.StoreSeen);
    }
}
