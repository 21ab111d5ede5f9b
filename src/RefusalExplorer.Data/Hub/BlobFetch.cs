using System.Net;
using Refit;

namespace RefusalExplorer.Data.Hub;

/// <summary>Fetches one file into its blob: goes on where an earlier attempt stopped, and keeps it only if its hash is the one listed.</summary>
internal sealed class BlobFetch(IHubApi api, HubOptions options, HubErrors errors, TimeProvider time)
{
    /// <summary>The bytes that came over the network.</summary>
    /// <param name="folder">The repository's folder.</param>
    /// <param name="plan">Repository and commit.</param>
    /// <param name="file">The file.</param>
    /// <param name="meter">Told of bytes that are there.</param>
    /// <param name="cancellation">Stops; what has arrived is kept.</param>
    /// <exception cref="HubException">The file cannot be had.</exception>
    public async Task<long> RunAsync(RepoFolder folder, HubPlan plan, HubFile file, FileMeter meter, CancellationToken cancellation)
    {
        using BlobLock held = await BlobLock.AcquireAsync(folder.Lock(file.Hash), time, meter.Note, cancellation).ConfigureAwait(false);
        string blob = folder.Blob(file.Hash), incomplete = folder.Incomplete(file.Hash);
        // Another process may have fetched it while this one waited.
        if (File.Exists(blob) && new FileInfo(blob).Length == file.Size)
        {
            meter.At(file.Size, 0);
            return 0;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        bool damaged = false;
        while (true)
        {
            await FillAsync(plan, file, incomplete, meter, cancellation).ConfigureAwait(false);
            string hash = await Task.Run(() => BlobHash.Of(file, incomplete, cancellation), cancellation).ConfigureAwait(false);
            if (hash == file.Hash)
                break;
            File.Delete(incomplete);
            meter.At(0, 0);
            if (damaged)
            {
                throw new HubException(HubFault.Damaged,
                    $"{plan.Repo}: {file.Path} arrived twice with another hash than the hub lists (expected {file.Hash}, found {hash}); is a proxy changing it?");
            }
            damaged = true;
        }
        File.Move(incomplete, blob, overwrite: true);
        return meter.Network;
    }

    private async Task FillAsync(HubPlan plan, HubFile file, string incomplete, FileMeter meter, CancellationToken cancellation)
    {
        await using var target = new FileStream(incomplete, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read,
            Options = FileOptions.Asynchronous,
            BufferSize = 0,
        });
        if (target.Length > file.Size)
            target.SetLength(0);
        target.Seek(0, SeekOrigin.End);
        meter.At(target.Length, 0);
        var attempts = new HubAttempts(options, errors, time, plan.Repo, file.Path, meter.Note);
        while (target.Length < file.Size)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                string? range = target.Length > 0 ? $"bytes={target.Length}-" : null;
                using HttpResponseMessage response = await WithinAsync(
                    ct => api.ResolveAsync(plan.Repo, plan.Commit, file.Path, range, ct), cancellation).ConfigureAwait(false);
                if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && target.Length > 0)
                    Restart(target, meter);
                else if (!response.IsSuccessStatusCode)
                    await attempts.RefusedAsync(response.StatusCode, response.Headers, cancellation).ConfigureAwait(false);
                else
                    await CopyAsync(response, file, target, meter, attempts, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (DiskFaults.IsFull(e))
            {
                throw new HubException(HubFault.DiskFull, $"{incomplete}: the disk is full; free some space and try again, what was fetched is kept", e);
            }
            catch (Exception e) when (e is ApiRequestException or HttpRequestException or IOException or TimeoutException)
            {
                await attempts.FailedAsync(e, cancellation).ConfigureAwait(false);
            }
        }
        // On disk before it counts as whole: a power cut must not leave a blob of zeros under a good name.
        await Task.Run(() => target.Flush(flushToDisk: true), cancellation).ConfigureAwait(false);
    }

    private async Task CopyAsync(
        HttpResponseMessage response, HubFile file, FileStream target, FileMeter meter, HubAttempts attempts, CancellationToken cancellation)
    {
        // A server that ignores the range sends all of it; one that answers another range cannot be used.
        long from = response.StatusCode == HttpStatusCode.PartialContent ? response.Content.Headers.ContentRange?.From ?? target.Length : 0;
        if (from != target.Length)
            Restart(target, meter);
        if (from != target.Length)
            throw new IOException($"asked for byte {target.Length}, the answer begins at {from}");
        byte[] buffer = new byte[1 << 18];
        bool moved = false;
        Stream source = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        int n;
        while ((n = await WithinAsync(async ct => await source.ReadAsync(buffer, ct).ConfigureAwait(false), cancellation).ConfigureAwait(false)) > 0)
        {
            if (target.Length + n > file.Size)
            {
                Restart(target, meter);
                throw new IOException($"more than the {file.Size} bytes that the hub lists");
            }
            await target.WriteAsync(buffer.AsMemory(0, n), cancellation).ConfigureAwait(false);
            moved = true;
            attempts.Progressed();
            meter.At(target.Length, n);
        }
        if (!moved && target.Length < file.Size)
            throw new IOException("the connection ended before any byte");
    }

    private static void Restart(FileStream target, FileMeter meter)
    {
        target.SetLength(0);
        target.Seek(0, SeekOrigin.Begin);
        meter.At(0, 0);
    }

    /// <summary>A connection that brings nothing for the idle time counts as cut.</summary>
    private async Task<T> WithinAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        idle.CancelAfter(options.IdleTimeout);
        try
        {
            return await work(idle.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"nothing came for {options.IdleTimeout.TotalSeconds:0} s", e);
        }
    }
}
