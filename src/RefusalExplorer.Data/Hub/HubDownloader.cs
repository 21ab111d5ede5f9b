using Refit;

namespace RefusalExplorer.Data.Hub;

/// <summary>Fetches repositories from the model hub into the cache that the hub's own tools use.</summary>
public sealed class HubDownloader : IDisposable
{
    private readonly HubOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly HubClient _client;
    private readonly BlobFetch _fetch;

    /// <summary>Asks nothing yet.</summary>
    public HubDownloader(HubOptions options, TimeProvider? time = null)
    {
        _options = options;
        _time = time ?? TimeProvider.System;
        _http = new HttpClient(new HubHandler(options, new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        }))
        {
            BaseAddress = options.Endpoint,
            // Files take as long as they take; the idle timeout ends dead connections.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var errors = new HubErrors(options);
        IHubApi api = RestService.ForGenerated<IHubApi>(_http);
        _client = new HubClient(api, options, errors, _time);
        _fetch = new BlobFetch(api, options, errors, _time);
    }

    /// <summary>What a download would fetch, without fetching it.</summary>
    /// <exception cref="HubException">The hub refuses or cannot be reached, or the request fits nothing.</exception>
    public Task<HubPlan> PlanAsync(HubRequest request, CancellationToken cancellation = default) =>
        _client.PlanAsync(request, _ => { }, cancellation);

    /// <summary>Fetches what is missing; what has arrived stays when it is stopped or fails, and the next call goes on there.</summary>
    /// <exception cref="HubException">The hub refuses, the disk is too small, or what arrives is damaged.</exception>
    public async Task<HubPull> PullAsync(HubRequest request, IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        HubPlan plan = await _client.PlanAsync(
            request, note => progress?.Report(new HubProgress(request.Repo, "", 0, 0, 0, 0, 0, note)), cancellation).ConfigureAwait(false);
        var folder = new RepoFolder(_options.CacheFolder, request.Repo);
        try
        {
            if (request.Verify)
                plan = Verified(folder, plan, cancellation);
            CheckSpace(folder, plan);
            var pulled = new HubPulledFile[plan.Files.Length];
            var meter = new ProgressMeter(plan, progress, _time);
            await Parallel.ForAsync(0, pulled.Length, new ParallelOptions { MaxDegreeOfParallelism = _options.Parallel, CancellationToken = cancellation },
                async (i, ct) => pulled[i] = await PullAsync(folder, plan, plan.Files[i], meter.For(plan.Files[i]), ct).ConfigureAwait(false)).ConfigureAwait(false);
            KeepOthers(folder, plan);
            // Last, so that the older snapshot serves until the new one is whole.
            folder.WriteRef(plan.Revision, plan.Commit);
            return new HubPull
            {
                Repo = plan.Repo,
                Revision = plan.Revision,
                Commit = plan.Commit,
                Folder = folder.Snapshot(plan.Commit),
                Files = [.. pulled],
                Size = plan.Size,
                Fetched = pulled.Sum(p => p.Fetched),
            };
        }
        catch (Exception e) when (e is UnauthorizedAccessException || (e is IOException && !DiskFaults.IsFull(e)))
        {
            throw new HubException(HubFault.Request, $"{folder.Root}: cannot be written ({e.Message.TrimEnd('.')}); choose another cache with HF_HUB_CACHE", e);
        }
        catch (IOException e)
        {
            throw new HubException(HubFault.DiskFull, $"{folder.Root}: the disk is full; free some space and try again, what was fetched is kept", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<HubPulledFile> PullAsync(RepoFolder folder, HubPlan plan, HubFile file, FileMeter meter, CancellationToken cancellation)
    {
        if (file.State == HubFileState.Present)
        {
            if (!SnapshotFiles.IsPlaced(folder, plan.Commit, file))
                SnapshotFiles.Place(folder, plan.Commit, file, _options.Links);
            return new HubPulledFile(file.Path, file.Size, 0);
        }
        long fetched = await _fetch.RunAsync(folder, plan, file, meter, cancellation).ConfigureAwait(false);
        SnapshotFiles.Place(folder, plan.Commit, file, _options.Links);
        meter.Finished();
        return new HubPulledFile(file.Path, file.Size, fetched);
    }

    private void CheckSpace(RepoFolder folder, HubPlan plan)
    {
        Directory.CreateDirectory(folder.Root);
        long needed = plan.ToFetch, free = _options.FreeSpace(folder.Root);
        if (needed > 0 && needed + _options.SpareSpace > free)
        {
            throw new HubException(HubFault.DiskFull,
                $"{_options.CacheFolder}: {ByteSize.Text(needed)} to fetch, {ByteSize.Text(free)} free; free some space, or choose another disk with HF_HUB_CACHE");
        }
    }

    /// <summary>Files of an older snapshot that did not change show up in the new one too: SAE layers are fetched one by one.</summary>
    private void KeepOthers(RepoFolder folder, HubPlan plan)
    {
        if (!_options.Links)
            return;
        foreach (HubFile other in plan.Others.Where(o => o.State == HubFileState.Present && File.Exists(folder.Blob(o.Hash))))
            SnapshotFiles.Place(folder, plan.Commit, other, links: true);
    }

    private static HubPlan Verified(RepoFolder folder, HubPlan plan, CancellationToken cancellation)
    {
        return plan with { Files = [.. plan.Files.Select(Check)] };

        HubFile Check(HubFile file)
        {
            if (file.State != HubFileState.Present)
                return file;
            string blob = folder.Blob(file.Hash), path = File.Exists(blob) ? blob : folder.File(plan.Commit, file.Path);
            if (BlobHash.Of(file, path, cancellation) == file.Hash)
                return file;
            File.Delete(path);
            return file with { State = HubFileState.Missing, Cached = 0 };
        }
    }
}
