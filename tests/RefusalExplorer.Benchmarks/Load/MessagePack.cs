using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace RefusalExplorer.Benchmarks.Load;

/// <summary>As much of MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) as a Blazor circuit speaks.</summary>
internal static class MessagePack
{
    /// <summary>An invocation of the hub's method.</summary>
    /// <param name="id">Where the answer goes; null for none.</param>
    /// <param name="method">Name.</param>
    /// <param name="arguments">Texts, numbers, truth values and nulls.</param>
    public static byte[] Call(string? id, string method, params object?[] arguments) => Frame([1, new Dictionary<string, object?>(), id, method, arguments, Array.Empty<object?>()]);

    /// <summary>A message with its length before it.</summary>
    public static byte[] Frame(object?[] message)
    {
        var body = new List<byte>();
        Write(body, message);
        var framed = new List<byte>();
        for (int length = body.Count; ; length >>= 7)
        {
            framed.Add((byte)(length < 0x80 ? length : (length & 0x7f) | 0x80));
            if (length < 0x80)
                break;
        }
        return [.. framed, .. body];
    }

    /// <summary>Takes the first whole message off the buffer.</summary>
    public static bool TryTake(List<byte> buffer, [NotNullWhen(true)] out object?[]? message)
    {
        message = null;
        int length = 0, at = 0;
        for (int shift = 0; ; shift += 7)
        {
            if (at >= buffer.Count)
                return false;
            length |= (buffer[at] & 0x7f) << shift;
            if ((buffer[at++] & 0x80) == 0)
                break;
        }
        if (buffer.Count < at + length)
            return false;
        var reader = new Reader([.. buffer.Skip(at).Take(length)]);
        buffer.RemoveRange(0, at + length);
        message = (object?[])reader.Next()!;
        return true;
    }

    private static void Write(List<byte> to, object? value)
    {
        switch (value)
        {
            case null:
                to.Add(0xc0);
                break;
            case bool b:
                to.Add((byte)(b ? 0xc3 : 0xc2));
                break;
            case int or long:
                to.Add(0xd3);
                AddBigEndian(to, unchecked((ulong)Convert.ToInt64(value)), 8);
                break;
            case string s:
                byte[] text = Encoding.UTF8.GetBytes(s);
                to.Add(0xdb);
                AddBigEndian(to, (ulong)text.Length, 4);
                to.AddRange(text);
                break;
            case Dictionary<string, object?> { Count: 0 }:
                to.Add(0x80);
                break;
            case object?[] { Length: < 16 } items:
                to.Add((byte)(0x90 | items.Length));
                foreach (object? item in items)
                    Write(to, item);
                break;
            default:
                throw new NotSupportedException(value.GetType().Name);
        }
    }

    private static void AddBigEndian(List<byte> to, ulong value, int bytes)
    {
        for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
            to.Add((byte)(value >> shift));
    }

    private sealed class Reader(byte[] bytes)
    {
        private int _at;

        public object? Next()
        {
            byte code = bytes[_at++];
            return code switch
            {
                < 0x80 => (long)code,
                < 0x90 => Map(code & 0x0f),
                < 0xa0 => Array(code & 0x0f),
                < 0xc0 => Text(code & 0x1f),
                0xc0 => null,
                0xc2 => false,
                0xc3 => true,
                0xc4 or 0xc5 or 0xc6 => Bytes((int)Unsigned(1 << (code - 0xc4))),
                0xca => (double)BinaryPrimitives.ReadSingleBigEndian(Bytes(4)),
                0xcb => BinaryPrimitives.ReadDoubleBigEndian(Bytes(8)),
                >= 0xcc and <= 0xcf => (long)Unsigned(1 << (code - 0xcc)),
                0xd0 => (long)(sbyte)bytes[_at++],
                0xd1 => (long)BinaryPrimitives.ReadInt16BigEndian(Bytes(2)),
                0xd2 => (long)BinaryPrimitives.ReadInt32BigEndian(Bytes(4)),
                0xd3 => BinaryPrimitives.ReadInt64BigEndian(Bytes(8)),
                0xd9 or 0xda or 0xdb => Text((int)Unsigned(1 << (code - 0xd9))),
                0xdc or 0xdd => Array((int)Unsigned(2 << (code - 0xdc))),
                0xde or 0xdf => Map((int)Unsigned(2 << (code - 0xde))),
                >= 0xe0 => (long)(sbyte)code,
                _ => throw new NotSupportedException($"MessagePack code {code:x2}"),
            };
        }

        private byte[] Bytes(int count) => bytes[_at..(_at += count)];

        private string Text(int count) => Encoding.UTF8.GetString(Bytes(count));

        private object?[] Array(int count)
        {
            var items = new object?[count];
            for (int i = 0; i < count; i++)
                items[i] = Next();
            return items;
        }

        private object? Map(int count)
        {
            for (int i = 0; i < 2 * count; i++)
                Next();
            return null;
        }

        private ulong Unsigned(int count)
        {
            ulong value = 0;
            foreach (byte b in Bytes(count))
                value = (value << 8) | b;
            return value;
        }
    }
}
