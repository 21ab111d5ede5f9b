namespace RefusalExplorer.Data.Hub;

/// <summary>Puts blobs under their names into a snapshot: by a relative link, or, where the file system has none, by the file itself.</summary>
internal static class SnapshotFiles
{
    /// <param name="folder">The repository's folder.</param>
    /// <param name="commit">The snapshot.</param>
    /// <param name="file">The file.</param>
    /// <param name="links">Whether links are tried.</param>
    /// <returns>Whether it is a link.</returns>
    public static bool Place(RepoFolder folder, string commit, HubFile file, bool links)
    {
        string blob = folder.Blob(file.Hash), path = folder.File(commit, file.Path);
        if (IsPlaced(folder, commit, file))
            return new FileInfo(path).LinkTarget is not null;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (links && TryLink(path, Path.GetRelativePath(Path.GetDirectoryName(path)!, blob)))
            return true;
        try
        {
            // Moved, as the hub's own tools do: a copy would take the space of the weights twice.
            File.Move(blob, path, overwrite: true);
        }
        catch (FileNotFoundException) when (IsPlaced(folder, commit, file))
        {
            // Another download of the same file was here first.
        }
        return false;
    }

    /// <summary>Whether the snapshot has the file, whole.</summary>
    public static bool IsPlaced(RepoFolder folder, string commit, HubFile file)
    {
        var placed = new FileInfo(folder.File(commit, file.Path));
        if (placed.LinkTarget is null)
            return placed.Exists && placed.Length == file.Size;
        return placed.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } target && target.Name == file.Hash && target.Length == file.Size;
    }

    // Made beside its place and renamed into it: whoever reads or places the same file meanwhile finds the old one or the new one, never none.
    private static bool TryLink(string path, string target)
    {
        string made = $"{path}.{Guid.NewGuid():N}.link";
        try
        {
            File.CreateSymbolicLink(made, target);
            File.Move(made, path, overwrite: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            File.Delete(made);
            return false;
        }
    }
}
