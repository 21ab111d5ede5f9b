using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>A NumPy .npz archive (<c>numpy.savez</c> and <c>savez_compressed</c>); names are without <c>.npy</c>.</summary>
/// <remarks>
/// Stored arrays are read in place. A deflated one is inflated on first use into a temporary file, which is mapped like the others and
/// disappears when this object is disposed: dictionaries of many layers together may exceed the memory.
/// </remarks>
public sealed class NpzFile : ITensorFile
{
    private readonly MappedFile _file;
    private readonly SortedDictionary<string, NpzArray> _arrays = new(StringComparer.Ordinal);

    private NpzFile(MappedFile file, string temporaryFolder)
    {
        _file = file;
        IReadOnlyList<ZipEntry> entries = new ZipDirectory(file).Read();
        foreach (ZipEntry entry in entries)
        {
            string name = entry.Name.EndsWith(".npy", StringComparison.Ordinal) ? entry.Name[..^4] : entry.Name;
            if (!_arrays.TryAdd(name, new NpzArray(file, name, entry, temporaryFolder)))
                throw new CheckpointFormatException(file.Path, "named twice in the archive", name);
        }
        Names = [.. _arrays.Keys];
        // The directory, which is the header here, carries a CRC-32 of every array.
        Fingerprint = Checkpoints.Fingerprint.Of(file, 0, _arrays.Values.Select(a => (a.Entry.DataOffset, a.Entry.CompressedBytes)),
            string.Join('\n', _arrays.Values.Select(a => a.Entry)));
    }

    /// <inheritdoc/>
    public string Location => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; }

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <summary>Opens an archive and checks its directory, and the headers of all arrays.</summary>
    /// <exception cref="CheckpointFormatException">It is missing, cut short, garbled, or holds something other than plain arrays.</exception>
    public static NpzFile Open(string path) => Open(path, Path.GetTempPath());

    /// <param name="path">The archive.</param>
    /// <param name="temporaryFolder">Where deflated arrays are inflated to.</param>
    internal static NpzFile Open(string path, string temporaryFolder)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            return new NpzFile(file, temporaryFolder);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool Contains(string name) => _arrays.ContainsKey(name);

    /// <inheritdoc/>
    public IReadOnlyList<long> Shape(string name) => Array(name).Header.Shape;

    /// <inheritdoc/>
    public TensorElementType ElementType(string name) => Array(name).Header.Type;

    /// <inheritdoc/>
    public Tensor Load(string name, ScalarType dtype, Device device) => Array(name).View().ToTensor(dtype, device);

    /// <inheritdoc/>
    public float[] ReadFloats(string name) => Array(name).View().ToFloats();

    /// <inheritdoc/>
    public void ReadFloats(string name, long start, Span<float> destination) => Array(name).View().CopyFloats(start, destination);

    /// <inheritdoc/>
    public void ReadRows(string name, ReadOnlySpan<int> rows, Span<float> destination) => Array(name).View().Rows(rows, destination);

    /// <inheritdoc/>
    public void ReadColumns(string name, ReadOnlySpan<int> columns, Span<float> destination) => Array(name).View().Columns(columns, destination);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (NpzArray array in _arrays.Values)
            array.Dispose();
        _file.Dispose();
    }

    private NpzArray Array(string name) => _arrays.TryGetValue(name, out NpzArray? array)
        ? array
        : throw new CheckpointFormatException(Location, $"no such array; it holds {string.Join(", ", Names)}", name);
}
