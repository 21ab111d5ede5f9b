using CsCheck;
using RefusalExplorer.Engine.Checkpoints;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Checkpoints;

/// <summary>The fast decoder against one that looks up each bit of each weight.</summary>
public sealed class GgmlDequantizerTests
{
    [Theory]
    [InlineData(GgmlType.Q4_0)]
    [InlineData(GgmlType.Q4_1)]
    [InlineData(GgmlType.Q5_0)]
    [InlineData(GgmlType.Q5_1)]
    [InlineData(GgmlType.Q8_0)]
    [InlineData(GgmlType.Q4_K)]
    [InlineData(GgmlType.Q5_K)]
    [InlineData(GgmlType.Q6_K)]
    public void Dequantize_AnyBlocks_EqualsTheLiteralDecoder(GgmlType type)
    {
        Gen.Byte.Array[type.BlockBytes() * 3].Sample(blocks =>
        {
            var weights = new float[type.BlockWeights() * 3];
            GgmlDequantizer.Dequantize(type, blocks, weights);
            for (int i = 0; i < weights.Length; i++)
            {
                byte[] block = blocks[(i / type.BlockWeights() * type.BlockBytes())..];
                Assert.Equal(Literal(type, block, i % type.BlockWeights()), weights[i]);
            }
        }, iter: 200);
    }

    [Fact]
    public void Dequantize_Q4_1ByHand_IsScaleTimesNibblePlusMinimum()
    {
        byte[] block = [.. BitConverter.GetBytes((Half)0.5), .. BitConverter.GetBytes((Half)(-1)), 0x2F, .. new byte[15]];
        var weights = new float[32];
        GgmlDequantizer.Dequantize(GgmlType.Q4_1, block, weights);

        Assert.Equal((6.5f, -1f, 0f), (weights[0], weights[1], weights[16]));
    }

    // In double, from the text of the format: exact, and then rounded once.
    private static float Literal(GgmlType type, byte[] b, int i)
    {
        double d = F16(b, 0);
        int Nibble(int at) => i < 16 ? b[at + i] & 15 : b[at + i - 16] >> 4;
        int Fifth(int at) => (b[at + (i / 8)] >> (i % 8)) & 1;
        switch (type)
        {
            case GgmlType.Q4_0: return (float)((Nibble(2) - 8) * d);
            case GgmlType.Q4_1: return (float)((Nibble(4) * d) + F16(b, 2));
            case GgmlType.Q5_0: return (float)((Nibble(6) + (16 * Fifth(2)) - 16) * d);
            case GgmlType.Q5_1: return (float)(((Nibble(8) + (16 * Fifth(4))) * d) + F16(b, 2));
            case GgmlType.Q8_0: return (float)((sbyte)b[2 + i] * d);
            case GgmlType.Q6_K:
                {
                    int position = i % 128;
                    byte low = b[(i / 128 * 64) + (position % 64)];
                    int four = position < 64 ? low & 15 : low >> 4;
                    int two = (b[128 + (i / 128 * 32) + (position % 32)] >> (position / 32 * 2)) & 3;
                    return (float)(F16(b, 208) * (sbyte)b[192 + (i / 16)] * (four + (16 * two) - 32));
                }
            default:
                {
                    int group = i / 32;
                    int nibbles = type == GgmlType.Q4_K ? 16 : 48;
                    byte pair = b[nibbles + (group / 2 * 32) + (i % 32)];
                    int q = group % 2 == 0 ? pair & 15 : pair >> 4;
                    if (type == GgmlType.Q5_K)
                        q += 16 * ((b[16 + (i % 32)] >> group) & 1);
                    int scale = group < 4 ? b[4 + group] % 64 : (b[8 + group] % 16) + (b[group] / 64 * 16);
                    int minimum = group < 4 ? b[8 + group] % 64 : (b[8 + group] / 16) + (b[4 + group] / 64 * 16);
                    return (float)((d * scale * q) - (F16(b, 2) * minimum));
                }
        }
    }

    private static double F16(byte[] block, int at) => (double)BitConverter.ToHalf(block, at);
}
