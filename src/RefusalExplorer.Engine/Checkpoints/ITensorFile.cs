using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>Named tensors in a memory-mapped file, read whole or by slices, whatever the file's layout.</summary>
/// <remarks>
/// Reads may run at the same time on several threads. All float reads give row-major float32. A name that is not there throws
/// <see cref="CheckpointFormatException"/>; an index outside the tensor throws <see cref="ArgumentOutOfRangeException"/>.
/// </remarks>
public interface ITensorFile : IDisposable
{
    /// <summary>The file.</summary>
    string Location { get; }

    /// <summary>All names, ascending by character codes.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>SHA-256 (lower-case hexadecimal) over the header, the size and the first bytes of every tensor.</summary>
    string Fingerprint { get; }

    /// <summary>Whether the tensor is there.</summary>
    bool Contains(string name);

    /// <summary>The tensor's shape, rows first; empty for a scalar.</summary>
    IReadOnlyList<long> Shape(string name);

    /// <summary>What the file stores the tensor as.</summary>
    TensorElementType ElementType(string name);

    /// <summary>Reads one tensor. The caller owns it.</summary>
    Tensor Load(string name, ScalarType dtype, Device device);

    /// <summary>The whole tensor.</summary>
    float[] ReadFloats(string name);

    /// <summary>Elements from <paramref name="start"/> (counted row-major) until <paramref name="destination"/> is full: for streaming in blocks.</summary>
    void ReadFloats(string name, long start, Span<float> destination);

    /// <summary>Rows of a matrix [R, C] in the order asked for, into <paramref name="destination"/> [rows.Length, C].</summary>
    void ReadRows(string name, ReadOnlySpan<int> rows, Span<float> destination);

    /// <summary>Columns of a matrix [R, C] in the order asked for, into <paramref name="destination"/> [R, columns.Length]. Touches only the pages that hold them.</summary>
    void ReadColumns(string name, ReadOnlySpan<int> columns, Span<float> destination);
}
