using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>Little-endian elements to float32, bit for bit what a cast gives.</summary>
internal static class ElementConversion
{
    /// <summary>Converts <c>destination.Length</c> elements that start at <paramref name="source"/>.</summary>
    internal static unsafe void ToFloat32(byte* source, TensorElementType type, Span<float> destination)
    {
        int n = destination.Length;
        switch (type)
        {
            case TensorElementType.F32:
                new ReadOnlySpan<byte>(source, checked(n * sizeof(float))).CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            case TensorElementType.F16:
                HalfToFloat32(new ReadOnlySpan<ushort>(source, n), destination);
                break;
            case TensorElementType.BF16:
                BFloat16ToFloat32(new ReadOnlySpan<ushort>(source, n), destination);
                break;
            case TensorElementType.F64:
                Cast<double>(source, destination);
                break;
            case TensorElementType.I64:
                Cast<long>(source, destination);
                break;
            case TensorElementType.I32:
                Cast<int>(source, destination);
                break;
            case TensorElementType.I16:
                Cast<short>(source, destination);
                break;
            case TensorElementType.I8:
                Cast<sbyte>(source, destination);
                break;
            default:
                Cast<byte>(source, destination);
                break;
        }
    }

    /// <summary>IEEE half to single.</summary>
    internal static void HalfToFloat32(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        // A half's exponent and mantissa, moved into a single's place, are the value divided by 2^112, subnormals included;
        // infinities and NaNs still need the single's full exponent.
        var rebias = new Vector<float>(5.192296858534828e33f);
        var infinity = new Vector<uint>(0x7F800000);
        int i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out Vector<uint> low, out Vector<uint> high);
            Widen(low).CopyTo(destination[i..]);
            Widen(high).CopyTo(destination[(i + Vector<uint>.Count)..]);
        }
        for (; i < source.Length; i++)
            destination[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);

        Vector<float> Widen(Vector<uint> half)
        {
            Vector<uint> magnitude = (half & new Vector<uint>(0x7FFF)) << 13;
            Vector<uint> sign = (half & new Vector<uint>(0x8000)) << 16;
            Vector<uint> value = Vector.AsVectorUInt32(Vector.AsVectorSingle(magnitude) * rebias);
            Vector<uint> special = Vector.GreaterThanOrEqual(magnitude, new Vector<uint>(0x0F800000)) & infinity;
            return Vector.AsVectorSingle(value | special | sign);
        }
    }

    private static void BFloat16ToFloat32(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        Span<uint> bits = MemoryMarshal.Cast<float, uint>(destination);
        int i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out Vector<uint> low, out Vector<uint> high);
            (low << 16).CopyTo(bits[i..]);
            (high << 16).CopyTo(bits[(i + Vector<uint>.Count)..]);
        }
        for (; i < source.Length; i++)
            bits[i] = (uint)source[i] << 16;
    }

    private static unsafe void Cast<T>(byte* source, Span<float> destination)
        where T : unmanaged, INumberBase<T>
    {
        for (int i = 0; i < destination.Length; i++)
            destination[i] = float.CreateTruncating(Unsafe.ReadUnaligned<T>(source + ((long)i * sizeof(T))));
    }
}
