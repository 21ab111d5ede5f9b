using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>Blocks to float32, bit for bit as ggml's <c>dequantize_row_*</c> (<c>ggml-quants.c</c>).</summary>
/// <remarks>Every product below is exact in float32, so that a fused multiply-add or its absence changes nothing.</remarks>
internal static class GgmlDequantizer
{
    // Adding it changes no number, not even the sign of a zero.
    private const float NoMinimum = -0.0f;

    /// <summary>Dequantises whole blocks into <paramref name="weights"/>, whose length is a multiple of the block.</summary>
    internal static unsafe void Dequantize(GgmlType type, ReadOnlySpan<byte> blocks, Span<float> weights)
    {
        if (type is GgmlType.F32 or GgmlType.F16 or GgmlType.BF16)
        {
            fixed (byte* source = blocks)
                ElementConversion.ToFloat32(source, Enum.Parse<TensorElementType>(type.ToString()), weights);
            return;
        }
        int blockWeights = type.BlockWeights();
        int blockBytes = type.BlockBytes();
        for (int i = 0; i < weights.Length / blockWeights; i++)
        {
            ReadOnlySpan<byte> block = blocks.Slice(i * blockBytes, blockBytes);
            Span<float> w = weights.Slice(i * blockWeights, blockWeights);
            switch (type)
            {
                case GgmlType.Q4_0:
                    Nibbles(block[2..], 0, 8, Half(block), NoMinimum, w);
                    break;
                case GgmlType.Q4_1:
                    Nibbles(block[4..], 0, 0, Half(block), Half(block[2..]), w);
                    break;
                case GgmlType.Q5_0:
                    Nibbles(block[6..], BinaryPrimitives.ReadUInt32LittleEndian(block[2..]), 16, Half(block), NoMinimum, w);
                    break;
                case GgmlType.Q5_1:
                    Nibbles(block[8..], BinaryPrimitives.ReadUInt32LittleEndian(block[4..]), 0, Half(block), Half(block[2..]), w);
                    break;
                case GgmlType.Q8_0:
                    Bytes(MemoryMarshal.Cast<byte, sbyte>(block[2..]), Half(block), w);
                    break;
                case GgmlType.Q4_K:
                    K4Or5(block, [], block[16..], w);
                    break;
                case GgmlType.Q5_K:
                    K4Or5(block, block.Slice(16, 32), block[48..], w);
                    break;
                default:
                    K6(block, w);
                    break;
            }
        }
    }

    // Low nibbles are weights 0–15, high nibbles 16–31; bit j of `high` is weight j's fifth bit.
    private static void Nibbles(ReadOnlySpan<byte> nibbles, uint high, int zero, float scale, float minimum, Span<float> w)
    {
        for (int j = 0; j < 16; j++)
        {
            int low = (nibbles[j] & 0xF) | (int)(((high >> j) & 1) << 4);
            int upper = (nibbles[j] >> 4) | (int)(((high >> (j + 16)) & 1) << 4);
            w[j] = ((low - zero) * scale) + minimum;
            w[j + 16] = ((upper - zero) * scale) + minimum;
        }
    }

    private static void Bytes(ReadOnlySpan<sbyte> q, float scale, Span<float> w)
    {
        for (int j = 0; j < w.Length; j++)
            w[j] = q[j] * scale;
    }

    // Eight groups of 32: each 32 bytes hold a group in their low nibbles and the next one in their high nibbles; bit g of high[l] is the
    // fifth bit of weight l of group g.
    private static void K4Or5(ReadOnlySpan<byte> block, ReadOnlySpan<byte> high, ReadOnlySpan<byte> nibbles, Span<float> w)
    {
        float d = Half(block);
        float dmin = Half(block[2..]);
        ReadOnlySpan<byte> packed = block.Slice(4, 12);
        for (int group = 0; group < 8; group++)
        {
            (int scale, int minimum) = SixBits(packed, group);
            float d1 = d * scale;
            float m1 = dmin * minimum;
            int shift = group % 2 * 4;
            for (int l = 0; l < 32; l++)
            {
                int q = (nibbles[(group / 2 * 32) + l] >> shift) & 0xF;
                if (!high.IsEmpty)
                    q |= ((high[l] >> group) & 1) << 4;
                w[(group * 32) + l] = (d1 * q) - m1;
            }
        }
    }

    private static (int Scale, int Minimum) SixBits(ReadOnlySpan<byte> packed, int group) => group < 4
        ? (packed[group] & 63, packed[group + 4] & 63)
        : ((packed[group + 4] & 0xF) | (packed[group - 4] >> 6 << 4), (packed[group + 4] >> 4) | (packed[group] >> 6 << 4));

    // Two halves of 128: 64 bytes of low nibbles, 32 bytes of upper bit pairs, 8 scales (one for 16 weights).
    private static void K6(ReadOnlySpan<byte> block, Span<float> w)
    {
        ReadOnlySpan<byte> nibbles = block[..128];
        ReadOnlySpan<byte> pairs = block.Slice(128, 64);
        ReadOnlySpan<sbyte> scales = MemoryMarshal.Cast<byte, sbyte>(block.Slice(192, 16));
        float d = Half(block[208..]);
        for (int i = 0; i < 256; i++)
        {
            int half = i / 128;
            int quarter = i % 128 / 32;
            int l = i % 32;
            int low = (nibbles[(half * 64) + (quarter % 2 * 32) + l] >> (quarter / 2 * 4)) & 0xF;
            int upper = (pairs[(half * 32) + l] >> (quarter * 2)) & 3;
            w[i] = d * scales[i / 16] * ((low | (upper << 4)) - 32);
        }
    }

    private static float Half(ReadOnlySpan<byte> at) => (float)BinaryPrimitives.ReadHalfLittleEndian(at);
}
