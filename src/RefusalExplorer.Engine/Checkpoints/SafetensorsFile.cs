using System.Collections.ObjectModel;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>A memory-mapped safetensors file.</summary>
/// <remarks>Format: an 8-byte little-endian header length, a JSON header, the data (github.com/huggingface/safetensors).</remarks>
public sealed class SafetensorsFile : ITensorFile
{
    private readonly MappedFile _file;
    private readonly SortedDictionary<string, TensorEntry> _tensors;

    private SafetensorsFile(MappedFile file)
    {
        _file = file;
        (_tensors, Dictionary<string, string> metadata, long dataStart) = SafetensorsHeader.Read(file);
        Names = [.. _tensors.Keys];
        Metadata = new ReadOnlyDictionary<string, string>(metadata);
        Fingerprint = Checkpoints.Fingerprint.Of(file, dataStart, _tensors.Values.Select(t => (t.Offset, t.Bytes)));
    }

    /// <inheritdoc/>
    public string Location => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The header's <c>__metadata__</c>, empty if there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <summary>Opens a file and checks its header against its size.</summary>
    /// <exception cref="CheckpointFormatException">It is missing, cut short, garbled, or holds an unknown element type.</exception>
    public static SafetensorsFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            return new SafetensorsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="SafetensorsWriter.Write"/>
    public static void Write(string path, IReadOnlyList<TensorData> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        SafetensorsWriter.Write(path, tensors, metadata);

    /// <inheritdoc/>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <inheritdoc/>
    public IReadOnlyList<long> Shape(string name) => Entry(name).Shape;

    /// <inheritdoc/>
    public TensorElementType ElementType(string name) => Entry(name).Type;

    /// <summary>The tensor's bytes as stored, for tensors up to 2 GB. Valid until the file is disposed.</summary>
    public ReadOnlyMemory<byte> Bytes(string name)
    {
        TensorEntry entry = Entry(name);
        return entry.Bytes <= int.MaxValue
            ? _file.Memory(entry.Offset, (int)entry.Bytes)
            : throw new CheckpointFormatException(Location, $"{entry.Bytes} bytes do not fit one span; read the tensor in blocks", name);
    }

    /// <inheritdoc/>
    public Tensor Load(string name, ScalarType dtype, Device device) => View(name).ToTensor(dtype, device);

    /// <inheritdoc/>
    public float[] ReadFloats(string name) => View(name).ToFloats();

    /// <inheritdoc/>
    public void ReadFloats(string name, long start, Span<float> destination) => View(name).CopyFloats(start, destination);

    /// <inheritdoc/>
    public void ReadRows(string name, ReadOnlySpan<int> rows, Span<float> destination) => View(name).Rows(rows, destination);

    /// <inheritdoc/>
    public void ReadColumns(string name, ReadOnlySpan<int> columns, Span<float> destination) => View(name).Columns(columns, destination);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private TensorEntry Entry(string name) => _tensors.TryGetValue(name, out TensorEntry? entry)
        ? entry
        : throw new CheckpointFormatException(Location, $"no such tensor among its {_tensors.Count}", name);

    private unsafe TensorView View(string name)
    {
        TensorEntry entry = Entry(name);
        return new TensorView(Location, name, _file.Start + entry.Offset, entry.Type, entry.Shape);
    }
}
