using System.Buffers.Binary;
using System.Text;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>Reads GGUF's primitive values one after another; nothing is allocated that the file is too short for.</summary>
internal sealed class GgufReader(MappedFile file, long position)
{
    private const int MaxNesting = 4;

    internal long Position { get; private set; } = position;

    internal long Remaining => file.Length - Position;

    internal uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    internal ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    internal string Text()
    {
        ulong length = UInt64();
        if (length > (ulong)Math.Min(Remaining, int.MaxValue))
            throw CutShort();
        return Encoding.UTF8.GetString(Take((int)length));
    }

    /// <summary>A metadata value: long (ulong above its range), float, double, bool, string, or an array of one of them (object[] where nested).</summary>
    internal object Value(uint type, int nesting = 0) => type switch
    {
        0 => (long)Take(1)[0],
        1 => (long)(sbyte)Take(1)[0],
        2 => (long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)),
        3 => (long)BinaryPrimitives.ReadInt16LittleEndian(Take(2)),
        4 => (long)UInt32(),
        5 => (long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)),
        6 => BinaryPrimitives.ReadSingleLittleEndian(Take(4)),
        7 => Take(1)[0] != 0,
        8 => Text(),
        9 => Array(nesting + 1),
        10 => UInt64() is var value && value <= long.MaxValue ? (object)(long)value : value,
        11 => BinaryPrimitives.ReadInt64LittleEndian(Take(8)),
        12 => BinaryPrimitives.ReadDoubleLittleEndian(Take(8)),
        _ => throw new CheckpointFormatException(file.Path, $"metadata type {type} at byte {Position}, expected 0 to 12; download or copy it again"),
    };

    internal CheckpointFormatException CutShort() =>
        new(file.Path, $"ends or is garbled at byte {Position} of its header; download or copy the file again");

    private object Array(int nesting)
    {
        uint type = UInt32();
        ulong count = UInt64();
        if (nesting > MaxNesting || count > (ulong)(Remaining / MinBytes(type)))
            throw CutShort();
        int n = (int)Math.Min(count, int.MaxValue);
        return type switch
        {
            0 or 1 or 2 or 3 or 4 or 5 or 11 => Many<long>(type, n),
            6 => Many<float>(type, n),
            7 => Many<bool>(type, n),
            8 => Many<string>(type, n),
            12 => Many<double>(type, n),
            _ => Many<object>(type, n, nesting),
        };
    }

    private T[] Many<T>(uint type, int count, int nesting = 0)
    {
        var values = new T[count];
        for (int i = 0; i < count; i++)
            values[i] = (T)Value(type, nesting);
        return values;
    }

    private static int MinBytes(uint type) => type switch
    {
        2 or 3 => 2,
        4 or 5 or 6 => 4,
        8 or 10 or 11 or 12 => 8,
        9 => 12,
        _ => 1,
    };

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (bytes > Remaining)
            throw CutShort();
        ReadOnlySpan<byte> span = file.Span(Position, bytes);
        Position += bytes;
        return span;
    }
}
