using System.Collections.Immutable;

namespace RefusalExplorer.Data.Hub;

/// <summary>How much of a file is in the cache.</summary>
public enum HubFileState
{
    /// <summary>Nothing.</summary>
    Missing,

    /// <summary>The beginning; the download goes on there.</summary>
    Partial,

    /// <summary>All of it.</summary>
    Present,
}

/// <summary>A file of a repository and what the cache has of it.</summary>
public sealed record HubFile
{
    /// <summary>Path inside the repository.</summary>
    public required string Path { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    /// <summary>SHA-256 of a large file, git's SHA-1 of a small one, in hexadecimal; the name of its blob.</summary>
    public required string Hash { get; init; }

    /// <summary>How much of it is in the cache.</summary>
    public HubFileState State { get; init; }

    /// <summary>Bytes in the cache.</summary>
    public long Cached { get; init; }
}

/// <summary>What a download would do.</summary>
public sealed record HubPlan
{
    /// <summary>The repository.</summary>
    public required string Repo { get; init; }

    /// <summary>The revision that was asked for.</summary>
    public required string Revision { get; init; }

    /// <summary>The commit that it stands for.</summary>
    public required string Commit { get; init; }

    /// <summary>Whether its terms must be accepted first.</summary>
    public bool Gated { get; init; }

    /// <summary>The files asked for.</summary>
    public required ImmutableArray<HubFile> Files { get; init; }

    /// <summary>The repository's other files.</summary>
    public ImmutableArray<HubFile> Others { get; init; } = [];

    /// <summary>Bytes of the files asked for.</summary>
    public long Size => Files.Sum(f => f.Size);

    /// <summary>Bytes of them that are not in the cache.</summary>
    public long ToFetch => Files.Sum(f => f.Size - f.Cached);
}

/// <summary>What to fetch.</summary>
public sealed record HubRequest
{
    /// <summary>The repository (<c>google/gemma-2-2b-it</c>).</summary>
    public required string Repo { get; init; }

    /// <summary>Branch, tag or commit.</summary>
    public string Revision { get; init; } = "main";

    /// <summary>Patterns of paths (<c>layer_5/*</c>); empty: what the engine needs of a model.</summary>
    public ImmutableArray<string> Include { get; init; } = [];

    /// <summary>Reads files that are there again and compares their hashes.</summary>
    public bool Verify { get; init; }
}

/// <summary>A finished download.</summary>
public sealed record HubPull
{
    /// <summary>The repository.</summary>
    public required string Repo { get; init; }

    /// <summary>The revision that was asked for.</summary>
    public required string Revision { get; init; }

    /// <summary>The commit that it stands for.</summary>
    public required string Commit { get; init; }

    /// <summary>The snapshot's folder.</summary>
    public required string Folder { get; init; }

    /// <summary>Files asked for, by path.</summary>
    public required ImmutableArray<HubPulledFile> Files { get; init; }

    /// <summary>Bytes of the files.</summary>
    public required long Size { get; init; }

    /// <summary>Bytes that came over the network.</summary>
    public required long Fetched { get; init; }
}

/// <summary>A file of a finished download.</summary>
/// <param name="Path">Path inside the repository.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Fetched">Bytes that came over the network; 0 where it was in the cache.</param>
public sealed record HubPulledFile(string Path, long Size, long Fetched);

/// <summary>Where a download stands.</summary>
/// <param name="Repo">The repository.</param>
/// <param name="File">The file that moved last.</param>
/// <param name="FilesDone">Files that are there.</param>
/// <param name="Files">Files asked for.</param>
/// <param name="Done">Bytes that are there.</param>
/// <param name="Total">Bytes of all files.</param>
/// <param name="BytesPerSecond">Over the last seconds.</param>
/// <param name="Note">Why nothing moves (waiting, retrying), or null.</param>
public sealed record HubProgress(
    string Repo, string File, int FilesDone, int Files, long Done, long Total, double BytesPerSecond, string? Note = null)
{
    /// <summary>Time left at this rate, or null where it is not known.</summary>
    public TimeSpan? Remaining => BytesPerSecond > 0 ? TimeSpan.FromSeconds((Total - Done) / BytesPerSecond) : null;
}
