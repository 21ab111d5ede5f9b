using System.Numerics;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>A tensor of a GGUF file; the shape has rows first (GGUF stores the fastest dimension first).</summary>
internal sealed record GgufTensor(GgmlType Type, long[] Shape, long Offset, long Bytes)
{
    internal long Columns => Shape[^1];

    internal long RowBytes => Columns / Type.BlockWeights() * Type.BlockBytes();

    internal long Rows => RowBytes == 0 ? 0 : Bytes / RowBytes;
}

/// <summary>Reads a GGUF header, versions 2 and 3 (ggml, <c>docs/gguf.md</c>).</summary>
internal sealed class GgufHeader
{
    private const uint Magic = 0x46554747;
    private const int MaxDimensions = 4;
    private const long MaxAlignment = 1 << 20;
    private readonly MappedFile _file;
    private readonly GgufReader _reader;

    internal GgufHeader(MappedFile file)
    {
        _file = file;
        _reader = new GgufReader(file, 0);
        if (file.Length < 24 || _reader.UInt32() != Magic)
            throw new CheckpointFormatException(file.Path, "not a GGUF file: expected the bytes GGUF first");
        Version = _reader.UInt32();
        if (Version is not (2 or 3))
        {
            throw new CheckpointFormatException(
                file.Path, $"GGUF version {Version}, expected 2 or 3, little-endian; convert the model again with a current llama.cpp");
        }
        ulong tensorCount = _reader.UInt64();
        ulong metadataCount = _reader.UInt64();
        ReadMetadata(metadataCount);
        ReadTensors(tensorCount);
    }

    internal uint Version { get; }

    internal Dictionary<string, object> Metadata { get; } = new(StringComparer.Ordinal);

    internal SortedDictionary<string, GgufTensor> Tensors { get; } = new(StringComparer.Ordinal);

    /// <summary>First byte after the header, where the padding before the data begins.</summary>
    internal long End { get; private set; }

    private void ReadMetadata(ulong count)
    {
        for (ulong i = 0; i < count; i++)
        {
            string key = _reader.Text();
            if (!Metadata.TryAdd(key, _reader.Value(_reader.UInt32())))
                throw new CheckpointFormatException(_file.Path, "metadata key twice", key);
        }
    }

    private void ReadTensors(ulong count)
    {
        var infos = new List<(string Name, GgmlType Type, long[] Shape, ulong Offset)>();
        for (ulong i = 0; i < count; i++)
        {
            string name = _reader.Text();
            long[] shape = ReadShape(name);
            uint type = _reader.UInt32();
            if (!Enum.IsDefined((GgmlType)type))
            {
                throw new CheckpointFormatException(
                    _file.Path, $"quantisation {GgmlTypes.NameOf(type)}, expected one of {string.Join(", ", Enum.GetNames<GgmlType>())}", name);
            }
            infos.Add((name, (GgmlType)type, shape, _reader.UInt64()));
        }
        End = _reader.Position;
        long alignment = Alignment();
        long data = (End + alignment - 1) / alignment * alignment;
        foreach ((string name, GgmlType type, long[] shape, ulong offset) in infos)
        {
            if (!Tensors.TryAdd(name, Place(name, type, shape, offset, data, alignment)))
                throw new CheckpointFormatException(_file.Path, "tensor named twice", name);
        }
        CheckOverlap();
    }

    private long[] ReadShape(string name)
    {
        uint dimensions = _reader.UInt32();
        if (dimensions is 0 or > MaxDimensions)
            throw new CheckpointFormatException(_file.Path, $"{dimensions} dimensions, expected 1 to {MaxDimensions}", name);
        long[] shape = new long[dimensions];
        for (int i = shape.Length - 1; i >= 0; i--)
            shape[i] = unchecked((long)_reader.UInt64());
        return shape;
    }

    private GgufTensor Place(string name, GgmlType type, long[] shape, ulong offset, long data, long alignment)
    {
        long? count = TensorElementTypes.ElementCount(shape);
        if (count is null or 0 || shape[^1] % type.BlockWeights() != 0)
        {
            throw new CheckpointFormatException(
                _file.Path, $"shape [{string.Join(", ", shape)}], expected rows of whole {type} blocks of {type.BlockWeights()}", name);
        }
        UInt128 bytes = (UInt128)count.Value / (uint)type.BlockWeights() * (uint)type.BlockBytes();
        if (offset % (ulong)alignment != 0)
            throw new CheckpointFormatException(_file.Path, $"offset {offset} is not a multiple of the alignment {alignment}", name);
        UInt128 end = (UInt128)data + offset + bytes;
        if (end > (ulong)_file.Length)
        {
            throw new CheckpointFormatException(
                _file.Path, $"ends at byte {end} of {_file.Length}: the file is cut short; download or copy it again", name);
        }
        return new GgufTensor(type, shape, data + (long)offset, (long)bytes);
    }

    private long Alignment()
    {
        object value = Metadata.GetValueOrDefault("general.alignment", 32L);
        if (value is long alignment and > 0 and <= MaxAlignment && BitOperations.IsPow2(alignment))
            return alignment;
        throw new CheckpointFormatException(_file.Path, $"{value}, expected a power of two up to {MaxAlignment}", "general.alignment");
    }

    private void CheckOverlap()
    {
        long free = 0;
        foreach ((string name, GgufTensor tensor) in Tensors.OrderBy(t => t.Value.Offset))
        {
            if (tensor.Offset < free)
                throw new CheckpointFormatException(_file.Path, "overlaps the tensor before it; download or copy the file again", name);
            free = tensor.Offset + tensor.Bytes;
        }
    }
}
