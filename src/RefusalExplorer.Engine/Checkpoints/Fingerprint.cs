using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>Names weights cheaply: hashes what describes them, and a sample of each tensor.</summary>
internal static class Fingerprint
{
    // Fine-tunes of one model have equal headers and sizes: without a look at the data they would be one model in every record.
    private const int SampleBytes = 256;

    /// <param name="file">The file.</param>
    /// <param name="headerBytes">Length of the header at its start.</param>
    /// <param name="tensors">Where the tensors' data lie.</param>
    /// <param name="directory">What describes the tensors and is not at the file's start.</param>
    internal static string Of(MappedFile file, long headerBytes, IEnumerable<(long Offset, long Bytes)> tensors, string directory = "")
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> size = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(size, file.Length);
        hash.AppendData(size);
        hash.AppendData(file.Span(0, checked((int)headerBytes)));
        hash.AppendData(Encoding.UTF8.GetBytes(directory));
        foreach ((long offset, long bytes) in tensors)
            hash.AppendData(file.Span(offset, (int)Math.Min(bytes, SampleBytes)));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>One name for several files, in the order given.</summary>
    internal static string Join(IEnumerable<string> fingerprints) =>
        Convert.ToHexStringLower(SHA256.HashData([.. fingerprints.SelectMany(Convert.FromHexString)]));
}
