using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Data.Hub;

/// <summary>The hub cache on disk, shared with the hub's own tools.</summary>
public sealed class HubCache(HubOptions options) : IHubCache
{
    /// <summary>The cache's folder.</summary>
    public string Folder => options.CacheFolder;

    /// <inheritdoc/>
    public string? SnapshotOf(string repo)
    {
        var folder = new RepoFolder(options.CacheFolder, repo);
        if (folder.ReadRef("main") is { } commit && Directory.Exists(folder.Snapshot(commit)))
            return folder.Snapshot(commit);
        // Fetched by a tag or a commit alone.
        return Directory.Exists(folder.Snapshots)
            ? Directory.EnumerateDirectories(folder.Snapshots).OrderByDescending(Directory.GetLastWriteTimeUtc).FirstOrDefault()
            : null;
    }

    /// <summary>Bytes of a repository's files in the cache, those of an unfinished download too.</summary>
    public long SizeOf(string repo)
    {
        var root = new DirectoryInfo(new RepoFolder(options.CacheFolder, repo).Root);
        return root.Exists ? root.EnumerateFiles("*", SearchOption.AllDirectories).Where(f => f.LinkTarget is null).Sum(f => f.Length) : 0;
    }

    /// <summary>How much of a file the cache has.</summary>
    internal static HubFile Look(RepoFolder folder, string commit, HubFile file)
    {
        var blob = new FileInfo(folder.Blob(file.Hash));
        var incomplete = new FileInfo(folder.Incomplete(file.Hash));
        if ((blob.Exists && blob.Length == file.Size) || SnapshotFiles.IsPlaced(folder, commit, file))
            return file with { State = HubFileState.Present, Cached = file.Size };
        return incomplete.Exists && incomplete.Length <= file.Size
            ? file with { State = incomplete.Length > 0 ? HubFileState.Partial : HubFileState.Missing, Cached = incomplete.Length }
            : file;
    }
}
