using System.Buffers.Binary;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Many numbers as base64 of their little-endian bytes, for journals.</summary>
internal static class PackedNumbers
{
    public static string Pack(ReadOnlySpan<double> values)
    {
        byte[] bytes = new byte[values.Length * sizeof(double)];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(i * sizeof(double)), values[i]);
        return Convert.ToBase64String(bytes);
    }

    public static double[] Unpack(string packed)
    {
        byte[] bytes = Convert.FromBase64String(packed);
        double[] values = new double[bytes.Length / sizeof(double)];
        for (int i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(i * sizeof(double)));
        return values;
    }
}
