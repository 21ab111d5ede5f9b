using System.Collections.Immutable;
using RefusalExplorer.Data.Hub;

namespace RefusalExplorer.Data.Tests.Hub;

/// <summary>A hub, an empty cache, and a model to fetch.</summary>
public abstract class HubTest : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    protected FakeHub Hub { get; private set; } = null!;

    protected string Cache => _folder.File("hub");

    protected string Root => Path.Combine(Cache, "models--org--model");

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => Hub = await FakeHub.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await Hub.DisposeAsync();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    protected void AddModel(int size = 300_000)
    {
        Hub.Add("config.json", "{}"u8.ToArray());
        Hub.Add("tokenizer.json", "{\"model\":{}}"u8.ToArray());
        Hub.Add("model.safetensors", size);
        Hub.Add("pytorch_model.bin", size);
        Hub.Add("original/consolidated.00.pth", size);
        Hub.Add("README.md", "# Model"u8.ToArray());
    }

    protected Task<HubPull> PullAsync(
        string? token = null, Func<HubOptions, HubOptions>? with = null, IProgress<HubProgress>? progress = null, CancellationToken? cancellation = null, params string[] include) =>
        PullAsync(new HubRequest { Repo = FakeHub.Repo, Include = [.. include] }, token, with, progress, cancellation);

    protected async Task<HubPull> PullAsync(
        HubRequest request, string? token = null, Func<HubOptions, HubOptions>? with = null, IProgress<HubProgress>? progress = null, CancellationToken? cancellation = null)
    {
        HubOptions options = Hub.Options(Cache, token);
        using var downloader = new HubDownloader(with is null ? options : with(options));
        return await downloader.PullAsync(request, progress, cancellation ?? Token);
    }

    protected async Task<HubException> FailAsync(HubFault fault, string? token = null, Func<HubOptions, HubOptions>? with = null, params string[] include)
    {
        HubException error = await Assert.ThrowsAsync<HubException>(() => PullAsync(token, with, include: include));
        Assert.Equal(fault, error.Fault);
        Assert.DoesNotContain('\n', error.Message);
        return error;
    }

    protected string Snapshot(string path) => Path.Combine(Root, "snapshots", Hub.CommitNow, path);
}

/// <summary>Remembers what was reported, at once and on the reporting thread.</summary>
public sealed class Reports<T>(Action<T>? also = null) : IProgress<T>
{
    private readonly List<T> _all = [];

    public ImmutableArray<T> All
    {
        get
        {
            lock (_all)
                return [.. _all];
        }
    }

    public void Report(T value)
    {
        lock (_all)
            _all.Add(value);
        also?.Invoke(value);
    }
}
