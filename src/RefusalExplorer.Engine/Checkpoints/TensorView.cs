using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>One plain tensor in mapped memory, and the ways to copy it out.</summary>
internal readonly unsafe struct TensorView(string location, string name, byte* data, TensorElementType type, long[] shape)
{
    private long Count => TensorElementTypes.ElementCount(shape) ?? 0;

    /// <summary>Copies the whole tensor; a pointer copy, since a span ends at 2 GB.</summary>
    internal Tensor ToTensor(ScalarType dtype, Device device)
    {
        Tensor stored = empty(shape, type.ToScalarType(), CPU);
        long bytes = Count * type.Size();
        if (bytes > 0)
            Buffer.MemoryCopy(data, TensorMemory.Pointer(stored), bytes, bytes);
        return TensorMemory.MoveTo(stored, dtype, device);
    }

    internal float[] ToFloats()
    {
        var result = new float[ArrayLength(Count)];
        ElementConversion.ToFloat32(data, type, result);
        return result;
    }

    internal void CopyFloats(long start, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Count - destination.Length);
        ElementConversion.ToFloat32(data + (start * type.Size()), type, destination);
    }

    internal void Rows(ReadOnlySpan<int> rows, Span<float> destination)
    {
        (long rowCount, long columnCount) = Matrix();
        ThrowIfAnotherSize(destination, rows.Length * columnCount);
        for (int i = 0; i < rows.Length; i++)
        {
            ThrowIfOutside(rows[i], rowCount, "row");
            CopyFloats(rows[i] * columnCount, destination.Slice((int)(i * columnCount), (int)columnCount));
        }
    }

    internal void Columns(ReadOnlySpan<int> columns, Span<float> destination)
    {
        (long rowCount, long columnCount) = Matrix();
        foreach (int column in columns)
            ThrowIfOutside(column, columnCount, "column");
        int width = columns.Length;
        ThrowIfAnotherSize(destination, rowCount * width);
        for (int begin = 0; begin < width;)
        {
            // Neighbouring columns are one run of each row: a block of a dictionary is read at the speed of a copy.
            int end = begin + 1;
            while (end < width && columns[end] == columns[end - 1] + 1)
                end++;
            for (long row = 0; row < rowCount; row++)
                CopyFloats((row * columnCount) + columns[begin], destination.Slice((int)(row * width) + begin, end - begin));
            begin = end;
        }
    }

    private (long Rows, long Columns) Matrix() => shape.Length == 2
        ? (shape[0], shape[1])
        : throw new CheckpointFormatException(location, $"expected a matrix, found shape [{string.Join(", ", shape)}]", name);

    private int ArrayLength(long count) => count <= Array.MaxLength
        ? (int)count
        : throw new CheckpointFormatException(location, $"{count} elements do not fit one array; read the tensor in blocks", name);

    private void ThrowIfAnotherSize(ReadOnlySpan<float> destination, long count)
    {
        if (destination.Length != count)
            throw new ArgumentException($"{location}: {name}: room for {destination.Length} elements, expected {count}", nameof(destination));
    }

    private void ThrowIfOutside(int index, long count, string what)
    {
        if (index < 0 || index >= count)
            throw new ArgumentOutOfRangeException(what, index, $"{location}: {name}: expected a {what} from 0 to {count - 1}");
    }
}
