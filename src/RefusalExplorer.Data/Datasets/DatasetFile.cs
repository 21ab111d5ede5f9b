using System.IO.Compression;
using RefusalExplorer.Pipeline;
using ZstdSharp;

namespace RefusalExplorer.Data.Datasets;

/// <summary>A prompt file: its name without the compression's ending, and its decompressed bytes.</summary>
internal sealed record DatasetFile(string Path)
{
    private static readonly string[] CompressedEndings = [".gz", ".zst"];

    /// <summary>Ending that says what it holds, in lower case: <c>.csv</c> for <c>a.csv.gz</c>.</summary>
    public string Ending => System.IO.Path.GetExtension(
        CompressedEndings.Any(e => Path.EndsWith(e, StringComparison.OrdinalIgnoreCase)) ? System.IO.Path.ChangeExtension(Path, null) : Path)
        .ToLowerInvariant();

    public bool IsPlainText => Ending is ".txt" or ".text";

    /// <summary>The files that a path with <c>*</c> in its last part stands for, in ordinal order.</summary>
    /// <exception cref="PipelineException">There is none.</exception>
    public static IReadOnlyList<DatasetFile> Find(string path)
    {
        if (!System.IO.Path.GetFileName(path).Contains('*', StringComparison.Ordinal))
        {
            if (Directory.Exists(path))
                throw new PipelineException($"{path}: expected a prompt file, found a folder; name a file, or several by * in the file name");
            return File.Exists(path) ? [new DatasetFile(path)] : throw new PipelineException($"{path}: there is no such prompt file");
        }

        string folder = System.IO.Path.GetDirectoryName(path) is { Length: > 0 } f ? f : ".";
        DatasetFile[] files = Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, System.IO.Path.GetFileName(path)).Order(StringComparer.Ordinal).Select(p => new DatasetFile(p))]
            : [];
        return files.Length > 0 ? files : throw new PipelineException($"{path}: no file has a name of that form");
    }

    public Stream Open(long limit)
    {
        var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        Stream bytes = Path switch
        {
            _ when Path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) => new GZipStream(file, CompressionMode.Decompress),
            _ when Path.EndsWith(".zst", StringComparison.OrdinalIgnoreCase) => new DecompressionStream(file, leaveOpen: false),
            _ => file,
        };
        return new BoundedStream(bytes, Path, limit);
    }

    /// <summary>First byte that is neither white space nor a byte order mark; null for an empty file.</summary>
    public char? FirstCharacter()
    {
        using Stream stream = Open(long.MaxValue);
        Span<byte> one = stackalloc byte[1];
        while (stream.Read(one) == 1)
        {
            if (one[0] is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or 0xEF or 0xBB or 0xBF))
                return (char)one[0];
        }
        return null;
    }
}
