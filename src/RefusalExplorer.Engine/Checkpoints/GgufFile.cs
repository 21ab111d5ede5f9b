using System.Globalization;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>A memory-mapped GGUF file: metadata and tensors under their own names (<c>blk.0.attn_q.weight</c>).</summary>
public sealed class GgufFile : IDisposable
{
    private readonly MappedFile _file;
    private readonly GgufHeader _header;

    private GgufFile(MappedFile file)
    {
        _file = file;
        _header = new GgufHeader(file);
        Names = [.. _header.Tensors.Keys];
        Fingerprint = Checkpoints.Fingerprint.Of(file, _header.End, _header.Tensors.Values.Select(t => (t.Offset, t.Bytes)));
    }

    /// <summary>The file.</summary>
    public string Location => _file.Path;

    /// <summary>Format version, 2 or 3.</summary>
    public int Version => (int)_header.Version;

    /// <summary>Tensor names, ascending.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>SHA-256 (lower-case hexadecimal) over the header, the size and the first bytes of every tensor.</summary>
    public string Fingerprint { get; }

    /// <summary>Metadata keys.</summary>
    public IReadOnlyCollection<string> Keys => _header.Metadata.Keys;

    /// <summary>Opens a file and checks its header against its size.</summary>
    /// <exception cref="CheckpointFormatException">It is missing, cut short, garbled, or has a quantisation without a reader.</exception>
    public static GgufFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            return new GgufFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether the tensor is there.</summary>
    public bool Contains(string name) => _header.Tensors.ContainsKey(name);

    /// <summary>The tensor's shape, rows first.</summary>
    /// <exception cref="CheckpointFormatException">No such tensor.</exception>
    public IReadOnlyList<long> Shape(string name) => Tensor(name).Shape;

    /// <summary>How the tensor is stored.</summary>
    /// <exception cref="CheckpointFormatException">No such tensor.</exception>
    public GgmlType Type(string name) => Tensor(name).Type;

    /// <summary>A string of the metadata, or null where the key is missing.</summary>
    /// <exception cref="CheckpointFormatException">The key holds something else (so for all that follow).</exception>
    public string? Text(string key) => Find<string>(key, "a string");

    /// <summary>A whole number, or null.</summary>
    public long? WholeNumber(string key) => Find<object>(key, "a whole number") switch
    {
        null => null,
        long value => value,
        object other => throw Wrong(key, other, "a whole number"),
    };

    /// <summary>A number, or null. A float32 comes back as the shortest decimal that names it (1e-5, not 9.99999974737875e-6).</summary>
    public double? Number(string key) => Find<object>(key, "a number") switch
    {
        null => null,
        float value => double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
        double value => value,
        long value => value,
        object other => throw Wrong(key, other, "a number"),
    };

    /// <summary>A truth value, or null.</summary>
    public bool? Flag(string key) => Find<object>(key, "true or false") switch
    {
        null => null,
        bool value => value,
        object other => throw Wrong(key, other, "true or false"),
    };

    /// <summary>An array of strings, or null.</summary>
    public IReadOnlyList<string>? Texts(string key) => Find<string[]>(key, "an array of strings");

    /// <summary>An array of whole numbers, or null.</summary>
    public IReadOnlyList<long>? WholeNumbers(string key) => Find<long[]>(key, "an array of whole numbers");

    /// <summary>An array of float32, or null.</summary>
    public IReadOnlyList<float>? Numbers(string key) => Find<float[]>(key, "an array of float32");

    /// <summary>The whole tensor in float32, row-major, for tensors that fit one array.</summary>
    /// <exception cref="CheckpointFormatException">No such tensor, or more than 2^31 elements.</exception>
    public float[] ReadFloats(string name)
    {
        GgufTensor tensor = Tensor(name);
        long count = tensor.Rows * tensor.Columns;
        if (count > Array.MaxLength)
            throw new CheckpointFormatException(Location, $"{count} elements do not fit one array", name);
        var weights = new float[count];
        for (long row = 0; row < tensor.Rows; row++)
            DequantizeRow(tensor, row, weights.AsSpan((int)(row * tensor.Columns), (int)tensor.Columns));
        return weights;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    internal GgufTensor Tensor(string name) => _header.Tensors.TryGetValue(name, out GgufTensor? tensor)
        ? tensor
        : throw new CheckpointFormatException(Location, $"no such tensor among its {_header.Tensors.Count}", name);

    internal void DequantizeRow(GgufTensor tensor, long row, Span<float> weights) =>
        GgmlDequantizer.Dequantize(tensor.Type, RowBlocks(tensor, row), weights);

    internal ReadOnlySpan<byte> RowBlocks(GgufTensor tensor, long row) =>
        _file.Span(tensor.Offset + (row * tensor.RowBytes), checked((int)tensor.RowBytes));

    internal ReadOnlyMemory<byte> Blocks(GgufTensor tensor) => _file.Memory(tensor.Offset, checked((int)tensor.Bytes));

    private T? Find<T>(string key, string expected)
        where T : class => _header.Metadata.GetValueOrDefault(key) switch
        {
            null => null,
            T value => value,
            object other => throw Wrong(key, other, expected),
        };

    private CheckpointFormatException Wrong(string key, object found, string expected) =>
        new(Location, $"metadata holds {(found is Array ? "an array" : found)}, expected {expected}", key);
}
