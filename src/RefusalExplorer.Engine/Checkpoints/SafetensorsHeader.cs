using System.Buffers.Binary;
using System.Text.Json;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>Where a tensor lies: its first byte counted from the file's start.</summary>
internal sealed record TensorEntry(TensorElementType Type, long[] Shape, long Offset, long Bytes);

/// <summary>Reads a safetensors header as strictly as the reference implementation (huggingface/safetensors, <c>tensor.rs</c>).</summary>
internal static class SafetensorsHeader
{
    internal const long MaxHeaderBytes = 100_000_000;
    private const int LengthBytes = sizeof(ulong);

    internal static (SortedDictionary<string, TensorEntry> Tensors, Dictionary<string, string> Metadata, long DataStart) Read(MappedFile file)
    {
        if (file.Length < LengthBytes)
            throw new CheckpointFormatException(file.Path, $"{file.Length} bytes is too short for safetensors; download or copy the file again");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file.Span(0, LengthBytes));
        if (length > MaxHeaderBytes || (long)length > file.Length - LengthBytes)
        {
            throw new CheckpointFormatException(
                file.Path,
                $"not safetensors, or cut short: it announces a header of {length} bytes, expected at most " +
                $"{Math.Min(MaxHeaderBytes, file.Length - LengthBytes)}; download or copy the file again");
        }
        long dataStart = LengthBytes + (long)length;
        var tensors = new SortedDictionary<string, TensorEntry>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        using JsonDocument json = CheckpointJson.Parse(file.Path, file.Memory(LengthBytes, (int)length));
        CheckpointJson.Guard(file.Path, "the header", () =>
        {
            foreach (JsonProperty property in json.RootElement.EnumerateObject())
            {
                if (property.Name == "__metadata__")
                {
                    foreach (JsonProperty item in property.Value.EnumerateObject())
                        metadata[item.Name] = item.Value.GetString() ?? "";
                }
                else if (!tensors.TryAdd(property.Name, Entry(file, property, dataStart)))
                {
                    throw new CheckpointFormatException(file.Path, "named twice in the header", property.Name);
                }
            }
        });
        CheckCoverage(file, tensors, dataStart);
        return (tensors, metadata, dataStart);
    }

    private static TensorEntry Entry(MappedFile file, JsonProperty property, long dataStart)
    {
        string name = property.Name;
        string? dtype = property.Value.GetProperty("dtype").GetString();
        if (!Enum.TryParse(dtype, out TensorElementType type) || !Enum.IsDefined(type) || type.ToString() != dtype)
        {
            throw new CheckpointFormatException(
                file.Path, $"element type {dtype}, expected one of {string.Join(", ", Enum.GetNames<TensorElementType>())}", name);
        }
        long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())];
        JsonElement offsets = property.Value.GetProperty("data_offsets");
        if (offsets.GetArrayLength() != 2)
            throw new CheckpointFormatException(file.Path, $"data_offsets {offsets.GetRawText()}, expected two", name);
        long begin = offsets[0].GetInt64();
        long end = offsets[1].GetInt64();
        long dataBytes = file.Length - dataStart;
        if (begin < 0 || end < begin || end > dataBytes)
        {
            throw new CheckpointFormatException(
                file.Path, $"bytes {begin} to {end} of {dataBytes} in the file: it is cut short or garbled; download or copy it again", name);
        }
        long? count = TensorElementTypes.ElementCount(shape);
        if (count is null || (UInt128)count.Value * (uint)type.Size() != (ulong)(end - begin))
        {
            throw new CheckpointFormatException(
                file.Path, $"shape [{string.Join(", ", shape)}] of {dtype} does not fill its {end - begin} bytes", name);
        }
        return new TensorEntry(type, shape, dataStart + begin, end - begin);
    }

    // As in the reference: tensors lie one after another without holes, and the file ends with the last one.
    private static void CheckCoverage(MappedFile file, SortedDictionary<string, TensorEntry> tensors, long dataStart)
    {
        long expected = dataStart;
        foreach ((string name, TensorEntry entry) in tensors.OrderBy(t => t.Value.Offset).ThenBy(t => t.Value.Bytes))
        {
            if (entry.Offset != expected)
            {
                throw new CheckpointFormatException(
                    file.Path, $"starts at byte {entry.Offset}, expected {expected}: tensors overlap or leave a hole", name);
            }
            expected += entry.Bytes;
        }
        if (expected != file.Length)
        {
            throw new CheckpointFormatException(
                file.Path, $"{file.Length} bytes, expected {expected} from the header; download or copy the file again");
        }
    }
}
