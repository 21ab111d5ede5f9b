using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>A float32 tensor to write.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Data">Its elements, row-major.</param>
/// <param name="Shape">Its shape; the product is the length of the data.</param>
public sealed record TensorData(string Name, ReadOnlyMemory<float> Data, params IReadOnlyList<long> Shape);

internal static class SafetensorsWriter
{
    /// <summary>Writes float32 tensors in the order given; readers see the old file or the whole new one, never a part.</summary>
    /// <exception cref="EngineException">A name comes twice, a shape does not fit its data, or the file cannot be written.</exception>
    internal static void Write(string path, IReadOnlyList<TensorData> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        byte[] header = Header(path, tensors, metadata);
        string draft = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = File.Create(draft))
            {
                Span<byte> length = stackalloc byte[sizeof(long)];
                BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
                stream.Write(length);
                stream.Write(header);
                foreach (TensorData tensor in tensors)
                    WriteData(stream, tensor.Data.Span);
            }
            File.Move(draft, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(draft))
                File.Delete(draft);
            throw new EngineException($"{path}: cannot be written: {e.Message}", e);
        }
    }

    private static void WriteData(FileStream stream, ReadOnlySpan<float> data)
    {
        const int Block = 1 << 20;
        for (int start = 0; start < data.Length; start += Block)
            stream.Write(MemoryMarshal.AsBytes(data.Slice(start, Math.Min(Block, data.Length - start))));
    }

    private static byte[] Header(string path, IReadOnlyList<TensorData> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var header = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["__metadata__"] = metadata ?? new Dictionary<string, string> { ["format"] = "pt" },
        };
        long offset = 0;
        foreach (TensorData tensor in tensors)
        {
            long[] shape = [.. tensor.Shape];
            if (TensorElementTypes.ElementCount(shape) != tensor.Data.Length)
                throw new EngineException($"{path}: {tensor.Name}: shape [{string.Join(", ", shape)}] does not hold {tensor.Data.Length} elements");
            long end = offset + ((long)tensor.Data.Length * sizeof(float));
            if (!header.TryAdd(tensor.Name, new { dtype = "F32", shape, data_offsets = new[] { offset, end } }))
                throw new EngineException($"{path}: {tensor.Name}: two tensors of this name");
            offset = end;
        }
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        // The reference pads with blanks, so that the data starts at a multiple of 8.
        int padded = (json.Length + 7) / 8 * 8;
        Array.Resize(ref json, padded);
        json.AsSpan().Replace((byte)0, (byte)' ');
        return json;
    }
}
