using System.Buffers.Binary;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>Reads a protobuf message's fields in order; the generated reader of a 3 MB schema is not worth the four kinds below.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message, string path)
{
    private ReadOnlySpan<byte> _rest = message;

    /// <summary>The current field's number.</summary>
    internal int Field { get; private set; }

    /// <summary>The current field's value where it is a number; float32 as its bits.</summary>
    internal ulong Number { get; private set; }

    /// <summary>The current field's value where it is text or a message.</summary>
    internal ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Goes to the next field; false at the end.</summary>
    /// <exception cref="CheckpointFormatException">The message is cut short or is no protobuf.</exception>
    internal bool Next()
    {
        if (_rest.IsEmpty)
            return false;
        ulong tag = Varint();
        Field = (int)Math.Min(tag >> 3, int.MaxValue);
        Bytes = default;
        Number = 0;
        switch (tag & 7)
        {
            case 0:
                Number = Varint();
                break;
            case 1:
                Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case 2:
                Bytes = Take(Varint());
                break;
            case 5:
                Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            default:
                throw Garbled();
        }
        return true;
    }

    internal readonly float Single => BitConverter.UInt32BitsToSingle((uint)Number);

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = Take(1)[0];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }
        throw Garbled();
    }

    private ReadOnlySpan<byte> Take(ulong bytes)
    {
        if (bytes > (ulong)_rest.Length)
            throw Garbled();
        ReadOnlySpan<byte> taken = _rest[..(int)bytes];
        _rest = _rest[(int)bytes..];
        return taken;
    }

    private readonly CheckpointFormatException Garbled() =>
        new(path, $"ends or is garbled {_rest.Length} bytes before its end; download or copy the file again");
}
