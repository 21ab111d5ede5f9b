using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>Header of a .npy array, versions 1 to 3 (numpy.lib.format).</summary>
internal sealed partial record NpyHeader(TensorElementType Type, long[] Shape, int DataOffset)
{
    private const int MaxHeaderBytes = 1 << 20;

    /// <summary>Reads the header at the start of <paramref name="data"/>, which holds the array's first bytes or all of them.</summary>
    internal static NpyHeader Read(string path, string name, ReadOnlySpan<byte> data)
    {
        if (data.Length < 12 || data[0] != 0x93 || !data[1..].StartsWith("NUMPY"u8))
            throw new CheckpointFormatException(path, "not a NumPy array; expected the bytes \\x93NUMPY first", name);
        (long length, int start) = data[6] switch
        {
            1 => (BinaryPrimitives.ReadUInt16LittleEndian(data[8..]), 10),
            2 or 3 => ((long)BinaryPrimitives.ReadUInt32LittleEndian(data[8..]), 12),
            byte version => throw new CheckpointFormatException(path, $"NumPy format version {version}, expected 1, 2 or 3", name),
        };
        if (length > MaxHeaderBytes || length > data.Length - start)
            throw new CheckpointFormatException(path, $"announces a header of {length} bytes; download or copy the file again", name);
        string text = Encoding.UTF8.GetString(data.Slice(start, (int)length));
        return new NpyHeader(ElementType(path, name, text), ReadShape(path, name, text), start + (int)length);
    }

    private static TensorElementType ElementType(string path, string name, string header)
    {
        Match descr = Descr().Match(header);
        if (!descr.Success)
            throw new CheckpointFormatException(path, "no 'descr' of a plain type in its header, expected '<f4' or alike", name);
        return descr.Groups[1].Value switch
        {
            "<f8" => TensorElementType.F64,
            "<f4" => TensorElementType.F32,
            "<f2" => TensorElementType.F16,
            "<i8" => TensorElementType.I64,
            "<i4" => TensorElementType.I32,
            "<i2" => TensorElementType.I16,
            "|i1" => TensorElementType.I8,
            "|u1" => TensorElementType.U8,
            "|b1" => TensorElementType.BOOL,
            string other => throw new CheckpointFormatException(
                path, $"NumPy type {other}, expected <f8, <f4, <f2, <i8, <i4, <i2, |i1, |u1 or |b1", name),
        };
    }

    private static long[] ReadShape(string path, string name, string header)
    {
        Match match = ShapeTuple().Match(header);
        string[] parts = match.Groups[1].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var shape = new long[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out shape[i]))
                throw new CheckpointFormatException(path, $"dimension {parts[i]} in its header, expected a number", name);
        }
        if (!match.Success)
            throw new CheckpointFormatException(path, "no 'shape' in its header", name);
        Match order = FortranOrder().Match(header);
        if (!order.Success)
            throw new CheckpointFormatException(path, "no 'fortran_order' in its header", name);
        if (order.Groups[1].Value == "True" && shape.Count(d => d != 1) > 1)
        {
            throw new CheckpointFormatException(
                path, "stored by columns (fortran_order), expected by rows; save it again through numpy.ascontiguousarray", name);
        }
        return shape;
    }

    [GeneratedRegex("'descr'\\s*:\\s*'([^']*)'")]
    private static partial Regex Descr();

    [GeneratedRegex("'fortran_order'\\s*:\\s*(True|False)")]
    private static partial Regex FortranOrder();

    [GeneratedRegex("'shape'\\s*:\\s*\\(([^)]*)\\)")]
    private static partial Regex ShapeTuple();
}
