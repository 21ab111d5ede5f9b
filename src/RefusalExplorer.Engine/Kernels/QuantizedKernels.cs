using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Kernels;

/// <summary>
/// y = x·Wᵀ for a few rows of x, reading W in its GGUF blocks: a decode step is bound by memory, and Q4_1 is a sixth of float32.
/// Weights are widened to float32 in registers, so the result differs from the dense product by the order of summation only.
/// </summary>
internal static unsafe class QuantizedKernels
{
    public const int BlockSize = 32;

    /// <summary>Most rows of x for which the blocks are read directly; above it the dense matrix product is faster.</summary>
    public const int MaxRows = 8;

    /// <summary>Output columns <paramref name="firstRow"/> … <paramref name="endRow"/> − 1 of y [M, N] for all M rows of x [M, K].</summary>
    public static void Multiply(QuantizedBlocks w, float* x_MK, int m, float* y_MN, int firstRow, int endRow)
    {
        int r = 0;
        // Two rows of x share each unpacked block; the last odd row goes alone.
        for (; r + 4 <= m; r += 4)
            MultiplyRows(w, x_MK + ((long)r * w.Columns), 4, y_MN + ((long)r * w.Rows), firstRow, endRow);
        for (; r + 2 <= m; r += 2)
            MultiplyRows(w, x_MK + ((long)r * w.Columns), 2, y_MN + ((long)r * w.Rows), firstRow, endRow);
        if (r < m)
            MultiplyRows(w, x_MK + ((long)r * w.Columns), 1, y_MN + ((long)r * w.Rows), firstRow, endRow);
    }

    private static void MultiplyRows(QuantizedBlocks w, float* x, int m, float* y, int firstRow, int endRow)
    {
        for (int n = firstRow; n < endRow; n++)
        {
            Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default;
            int blocks = w.Columns / BlockSize;
            byte* packed = w.Packed + ((long)n * blocks * w.PackedBlockBytes);
            float* scales = w.Scales + ((long)n * blocks * w.ScalesPerBlock);
            float* xb = x;
            for (int b = 0; b < blocks; b++)
            {
                Unpack(w, ref packed, ref scales, out Vector512<float> low, out Vector512<float> high);
                a0 = Accumulate(a0, low, high, xb);
                if (m > 1)
                    a1 = Accumulate(a1, low, high, xb + w.Columns);
                if (m > 2)
                {
                    a2 = Accumulate(a2, low, high, xb + (2 * w.Columns));
                    a3 = Accumulate(a3, low, high, xb + (3 * w.Columns));
                }
                xb += BlockSize;
            }
            y[n] = Vector512.Sum(a0);
            if (m > 1)
                y[w.Rows + n] = Vector512.Sum(a1);
            if (m > 2)
            {
                y[(2 * w.Rows) + n] = Vector512.Sum(a2);
                y[(3 * w.Rows) + n] = Vector512.Sum(a3);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Accumulate(Vector512<float> sum, Vector512<float> low, Vector512<float> high, float* x) =>
        Vector512.FusedMultiplyAdd(high, Vector512.Load(x + 16), Vector512.FusedMultiplyAdd(low, Vector512.Load(x), sum));

    /// <summary>The 32 weights of one block, and moves both pointers to the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpack(QuantizedBlocks w, ref byte* packed, ref float* scales, out Vector512<float> low, out Vector512<float> high)
    {
        if (w.Format == QuantizedFormat.Q4_1)
        {
            Vector128<byte> bytes = Vector128.Load(packed);
            Vector512<float> d = Vector512.Create(scales[0]), min = Vector512.Create(scales[1]);
            low = Vector512.FusedMultiplyAdd(Widen(bytes & Vector128.Create((byte)0x0f)), d, min);
            high = Vector512.FusedMultiplyAdd(Widen((bytes.AsUInt16() >>> 4).AsByte() & Vector128.Create((byte)0x0f)), d, min);
            packed += 16;
            scales += 2;
        }
        else
        {
            Vector512<float> d = Vector512.Create(scales[0]);
            low = WidenSigned(Vector128.Load((sbyte*)packed)) * d;
            high = WidenSigned(Vector128.Load((sbyte*)packed + 16)) * d;
            packed += 32;
            scales += 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Widen(Vector128<byte> bytes)
    {
        if (Avx512F.IsSupported)
            return Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(bytes));
        (Vector128<ushort> lower, Vector128<ushort> upper) = Vector128.Widen(bytes);
        return Vector512.Create(
            Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(lower), Vector128.WidenUpper(lower)).AsInt32()),
            Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(upper), Vector128.WidenUpper(upper)).AsInt32()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> WidenSigned(Vector128<sbyte> bytes)
    {
        if (Avx512F.IsSupported)
            return Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(bytes));
        (Vector128<short> lower, Vector128<short> upper) = Vector128.Widen(bytes);
        return Vector512.Create(
            Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(lower), Vector128.WidenUpper(lower))),
            Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(upper), Vector128.WidenUpper(upper))));
    }
}
