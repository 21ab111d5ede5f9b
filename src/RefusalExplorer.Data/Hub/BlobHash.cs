using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RefusalExplorer.Data.Hub;

/// <summary>The hash that the hub lists for a file: SHA-256 of a large one, git's own hash of a small one.</summary>
internal sealed class BlobHash : IDisposable
{
    private readonly HubFile _file;
    private IncrementalHash _hash;

    public BlobHash(HubFile file)
    {
        _file = file;
        _hash = Start();
    }

    /// <summary>Bytes so far.</summary>
    public long Length { get; private set; }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        Length += bytes.Length;
    }

    public void Reset()
    {
        _hash.Dispose();
        _hash = Start();
        Length = 0;
    }

    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    /// <summary>The hash of a whole file.</summary>
    public static string Of(HubFile file, string path, CancellationToken cancellation)
    {
        using var hash = new BlobHash(file);
        using FileStream stream = File.OpenRead(path);
        hash.AppendAll(stream, cancellation);
        return hash.Finish();
    }

    /// <summary>Reads a stream to its end.</summary>
    public void AppendAll(Stream stream, CancellationToken cancellation)
    {
        byte[] buffer = new byte[1 << 20];
        int n;
        while ((n = stream.Read(buffer)) > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            Append(buffer.AsSpan(0, n));
        }
    }

    public void Dispose() => _hash.Dispose();

    [SuppressMessage("Security", "CA5350", Justification = "The name that git gives a blob, not a protection")]
    private IncrementalHash Start()
    {
        if (_file.Hash.Length == 64)
            return IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var git = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        git.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {_file.Size}\0")));
        return git;
    }
}
