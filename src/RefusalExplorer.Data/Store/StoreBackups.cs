using System.Globalization;

namespace RefusalExplorer.Data.Store;

/// <summary>Copies of the database file, named by their UTC time.</summary>
internal sealed class StoreBackups(StoreOptions options, TimeProvider time)
{
    private const string Stamp = "yyyyMMdd'T'HHmmssfff'Z'";

    /// <summary>Newest first.</summary>
    public IReadOnlyList<string> Files() => Directory.Exists(options.BackupFolder)
        ? [.. Directory.EnumerateFiles(options.BackupFolder, "store-*.db").OrderByDescending(f => f, StringComparer.Ordinal)]
        : [];

    /// <summary>When the newest was made, or null.</summary>
    public DateTimeOffset? Newest() => Files() is [string newest, ..] ? TimeOf(newest) : null;

    public static DateTimeOffset? TimeOf(string file) =>
        DateTimeOffset.TryParseExact(Path.GetFileNameWithoutExtension(file)["store-".Length..], Stamp, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out DateTimeOffset at)
            ? at
            : null;

    /// <summary>Copies the file, which nobody may be writing, and removes copies beyond those kept.</summary>
    public string Make()
    {
        Directory.CreateDirectory(options.BackupFolder);
        string target = Path.Combine(options.BackupFolder, $"store-{time.GetUtcNow().UtcDateTime.ToString(Stamp, CultureInfo.InvariantCulture)}.db");
        Copy(options.DatabasePath, target);
        foreach (string old in Files().Skip(Math.Max(1, options.BackupsKept)))
            File.Delete(old);
        return target;
    }

    /// <summary>Copies by way of a partial file that is flushed before it takes the name: a backup is whole or not there.</summary>
    public static void Copy(string source, string target)
    {
        string partial = target + ".partial";
        using (var from = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        using (var to = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            from.CopyTo(to);
            to.Flush(flushToDisk: true);
        }

        File.Move(partial, target, overwrite: true);
    }

    /// <summary>Puts the damaged file and its log aside, unchanged; where the file lies now.</summary>
    public string SetAside()
    {
        string folder = Path.Combine(options.BrokenFolder, time.GetUtcNow().UtcDateTime.ToString(Stamp, CultureInfo.InvariantCulture));
        Directory.CreateDirectory(folder);
        string target = Path.Combine(folder, Path.GetFileName(options.DatabasePath));
        File.Move(options.DatabasePath, target, overwrite: true);
        if (File.Exists(options.LogPath))
            File.Move(options.LogPath, Path.Combine(folder, Path.GetFileName(options.LogPath)), overwrite: true);
        return target;
    }
}
