using System.Buffers.Binary;
using System.Text;

namespace RefusalExplorer.Pipeline.Directions;

/// <summary>Writes the pickle program (protocol 2) that rebuilds one contiguous float64 tensor from storage 0.</summary>
internal static class TorchPickleWriter
{
    /// <summary>The program of a tensor.</summary>
    public static byte[] Program(IReadOnlyList<long> shape, int count)
    {
        long[] stride = new long[shape.Count];
        for (long d = shape.Count - 1, step = 1; d >= 0; d--)
        {
            stride[d] = step;
            step *= shape[(int)d];
        }
        using MemoryStream program = new();
        program.Write([0x80, 2]);
        Global("torch._utils", "_rebuild_tensor_v2");
        program.Write("(("u8);
        Text("storage");
        Global("torch", "DoubleStorage");
        Text("0");
        Text("cpu");
        Number(count);
        program.Write("tQ"u8);
        Number(0);
        Numbers(shape);
        Numbers(stride);
        program.WriteByte(0x89);
        Global("collections", "OrderedDict");
        program.Write(")RtR."u8);
        return program.ToArray();

        void Global(string module, string name) => program.Write(Encoding.ASCII.GetBytes($"c{module}\n{name}\n"));

        void Numbers(IEnumerable<long> values)
        {
            program.WriteByte((byte)'(');
            foreach (long value in values)
                Number(value);
            program.WriteByte((byte)'t');
        }

        void Number(long value) => Sized('J', checked((int)value), []);

        void Text(string text) => Sized('X', text.Length, Encoding.ASCII.GetBytes(text));

        void Sized(char code, int number, byte[] content)
        {
            Span<byte> bytes = stackalloc byte[5];
            bytes[0] = (byte)code;
            BinaryPrimitives.WriteInt32LittleEndian(bytes[1..], number);
            program.Write(bytes);
            program.Write(content);
        }
    }
}
