using System.Collections.Immutable;
using System.Text.Json;
using Refit;

namespace RefusalExplorer.Data.Hub;

/// <summary>Asks the hub what a repository holds.</summary>
internal sealed class HubClient(IHubApi api, HubOptions options, HubErrors errors, TimeProvider time)
{
    /// <summary>Files of a repository at a revision, with what the cache has of them.</summary>
    /// <exception cref="HubException">The hub refuses or cannot be reached, or the request fits nothing.</exception>
    public async Task<HubPlan> PlanAsync(HubRequest request, Action<string?> note, CancellationToken cancellation)
    {
        var folder = new RepoFolder(options.CacheFolder, request.Repo);
        if (options.Offline)
            throw new HubException(HubFault.Offline, $"{request.Repo}: HF_HUB_OFFLINE is set; unset it to ask {options.Endpoint.Host}{Here(folder)}");
        HubModelInfo info = await InfoAsync(folder, request, note, cancellation).ConfigureAwait(false);
        string commit = info.Sha is { } sha && RepoFolder.IsCommit(sha)
            ? sha
            : throw Odd(request, "no commit");
        ImmutableArray<HubFile> files = [.. (info.Siblings ?? []).Select(s => HubCache.Look(folder, commit, File(request, s)))];
        ImmutableArray<HubFile> chosen = FileSelection.Choose(request, files);
        return new HubPlan
        {
            Repo = request.Repo,
            Revision = request.Revision,
            Commit = commit,
            Gated = info.Gated.ValueKind is JsonValueKind.String or JsonValueKind.True,
            Files = chosen,
            Others = [.. files.Except(chosen)],
        };
    }

    private async Task<HubModelInfo> InfoAsync(RepoFolder folder, HubRequest request, Action<string?> note, CancellationToken cancellation)
    {
        var attempts = new HubAttempts(options, errors, time, request.Repo, request.Revision, note) { WhileUnreachable = 3 };
        while (true)
        {
            using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            idle.CancelAfter(options.IdleTimeout);
            try
            {
                using ApiResponse<HubModelInfo> response = await api.InfoAsync(request.Repo, request.Revision, idle.Token).ConfigureAwait(false);
                if (response.IsSuccessfulWithContent)
                    return response.Content;
                if (!response.IsReceived)
                    await attempts.FailedAsync(response.Error?.InnerException ?? response.Error!, cancellation).ConfigureAwait(false);
                else if (response.IsSuccessStatusCode)
                    throw Odd(request, $"{response.ContentHeaders?.ContentType?.MediaType ?? "nothing"} instead of its list of files");
                else
                    await attempts.RefusedAsync(response.StatusCode!.Value, response.Headers!, cancellation).ConfigureAwait(false);
            }
            catch (HubException e) when (e.Fault == HubFault.Offline)
            {
                throw new HubException(HubFault.Offline, e.Message + Here(folder), e);
            }
            catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
            {
                await attempts.FailedAsync(new TimeoutException($"nothing came for {options.IdleTimeout.TotalSeconds:0} s", e), cancellation).ConfigureAwait(false);
            }
        }
    }

    private HubFile File(HubRequest request, HubSibling sibling)
    {
        string? hash = sibling.Large?.Sha256 ?? sibling.BlobId;
        if (!RepoFolder.IsSafe(sibling.Path) || hash is null || !RepoFolder.IsHash(hash) || (sibling.Large?.Size ?? sibling.Size) is not { } size)
            throw Odd(request, $"the file '{sibling.Path}' without a usable path, size and hash");
        return new HubFile { Path = sibling.Path, Size = size, Hash = hash };
    }

    private HubException Odd(HubRequest request, string what) => new(HubFault.Server,
        $"{request.Repo}: {options.Endpoint.Host} answered {what}; is a proxy or a login page in between, or is HF_ENDPOINT no hub?");

    private static string Here(RepoFolder folder) => folder.ReadRef("main") is { } commit ? $" (its commit {commit[..8]} is in the cache)" : "";
}
