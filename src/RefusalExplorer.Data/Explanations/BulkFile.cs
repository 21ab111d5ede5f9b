using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Data.Explanations;

/// <summary>A bulk file of explanations: JSON lines, gzipped or not.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Length">Bytes on disk.</param>
internal sealed record BulkFile(string Path, long Length)
{
    private const int Sample = 1 << 16;
    private static readonly string[] Endings = [".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz"];

    /// <summary>The files that paths stand for: files, folders with all below them, and names with <c>*</c>; in ordinal order, each once.</summary>
    /// <exception cref="EngineException">A path stands for nothing.</exception>
    public static IReadOnlyList<BulkFile> Find(IEnumerable<string> paths)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string path in paths)
        {
            string[] files = [.. Expand(path).Select(System.IO.Path.GetFullPath)];
            if (files.Length == 0)
                throw new EngineException($"{path}: no such file or folder with {string.Join(", ", Endings)}");
            found.UnionWith(files);
        }
        return [.. found.Select(f => new BulkFile(f, new FileInfo(f).Length))];
    }

    /// <summary>What the file is known by when it is imported again, wherever it lies: its length, and a hash of its two ends.</summary>
    public string Fingerprint()
    {
        using FileStream stream = File.OpenRead(Path);
        byte[] bytes = new byte[2 * Sample];
        int n = stream.ReadAtLeast(bytes.AsSpan(0, Sample), Sample, throwOnEndOfStream: false);
        if (stream.Length > Sample)
        {
            stream.Seek(-Sample, SeekOrigin.End);
            n += stream.ReadAtLeast(bytes.AsSpan(n, Sample), Sample, throwOnEndOfStream: false);
        }
        return string.Create(CultureInfo.InvariantCulture, $"{stream.Length}-{Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(0, n)))}");
    }

    /// <summary>Opens it; <paramref name="raw"/> is the stream whose position tells how much of the file is read.</summary>
    public Stream Open(out Stream raw)
    {
        raw = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        return Path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(raw, CompressionMode.Decompress) : raw;
    }

    private static IEnumerable<string> Expand(string path)
    {
        if (Directory.Exists(path))
            return Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(f => Endings.Any(e => f.EndsWith(e, StringComparison.OrdinalIgnoreCase)));
        if (File.Exists(path))
            return [path];
        string name = System.IO.Path.GetFileName(path);
        string folder = System.IO.Path.GetDirectoryName(path) is { Length: > 0 } f ? f : ".";
        return name.Contains('*', StringComparison.Ordinal) && Directory.Exists(folder) ? Directory.EnumerateFiles(folder, name) : [];
    }
}
