using System.Text.RegularExpressions;

namespace RefusalExplorer.Data.Hub;

/// <summary>
/// A repository's folder in the cache: <c>models--org--name/{refs,blobs,snapshots/COMMIT}</c>, as the hub's own tools lay it out
/// (https://huggingface.co/docs/hub/local-cache).
/// </summary>
internal sealed partial class RepoFolder
{
    private readonly string _cache, _name;

    /// <exception cref="HubException">The name is not of the form org/name.</exception>
    public RepoFolder(string cache, string repo)
    {
        if (!RepoName().IsMatch(repo) || repo.Contains("--", StringComparison.Ordinal) || repo.Contains("..", StringComparison.Ordinal))
            throw new HubException(HubFault.Request, $"'{repo}': expected a repository's name such as google/gemma-2-2b-it");
        _cache = cache;
        _name = "models--" + repo.Replace("/", "--", StringComparison.Ordinal);
    }

    public string Root => Path.Combine(_cache, _name);

    public string Snapshots => Path.Combine(Root, "snapshots");

    public string Snapshot(string commit) => Path.Combine(Snapshots, commit);

    public string File(string commit, string path) => Path.Combine(Snapshot(commit), path.Replace('/', Path.DirectorySeparatorChar));

    public string Blob(string hash) => Path.Combine(Root, "blobs", hash);

    public string Incomplete(string hash) => Blob(hash) + ".incomplete";

    /// <summary>The lock that the hub's own tools take while they fetch the blob.</summary>
    public string Lock(string hash) => Path.Combine(_cache, ".locks", _name, hash + ".lock");

    public string Ref(string revision) => Path.Combine(Root, "refs", revision.Replace('/', Path.DirectorySeparatorChar));

    /// <summary>The commit that a revision stood for when it was last fetched, or null.</summary>
    public string? ReadRef(string revision)
    {
        if (IsCommit(revision))
            return revision;
        string file = Ref(revision);
        return System.IO.File.Exists(file) && System.IO.File.ReadAllText(file).Trim() is { Length: > 0 } commit && IsCommit(commit) ? commit : null;
    }

    public void WriteRef(string revision, string commit)
    {
        if (IsCommit(revision))
            return;
        string file = Ref(revision);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        string fresh = $"{file}.{Guid.NewGuid():N}.tmp";
        System.IO.File.WriteAllText(fresh, commit);
        System.IO.File.Move(fresh, file, overwrite: true);
    }

    public static bool IsCommit(string text) => Commit().IsMatch(text);

    public static bool IsHash(string text) => Hash().IsMatch(text);

    /// <summary>Whether a path that the hub names stays inside the snapshot.</summary>
    public static bool IsSafe(string path) =>
        path.Length > 0 && !path.Contains('\\', StringComparison.Ordinal) && !path.Contains('\0', StringComparison.Ordinal) &&
        !path.Contains(':', StringComparison.Ordinal) && path.Split('/').All(part => part is not ("" or "." or ".."));

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?$")]
    private static partial Regex RepoName();

    [GeneratedRegex("^[0-9a-f]{40}$")]
    private static partial Regex Commit();

    [GeneratedRegex("^([0-9a-f]{40}|[0-9a-f]{64})$")]
    private static partial Regex Hash();
}
