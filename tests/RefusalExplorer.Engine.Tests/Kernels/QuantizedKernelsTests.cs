using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Kernels;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Kernels;

public sealed unsafe class QuantizedKernelsTests
{
    [Theory]
    [InlineData(QuantizedFormat.Q4_1, 1)]
    [InlineData(QuantizedFormat.Q4_1, 2)]
    [InlineData(QuantizedFormat.Q4_1, 3)]
    [InlineData(QuantizedFormat.Q4_1, 7)]
    [InlineData(QuantizedFormat.Q8_0, 1)]
    [InlineData(QuantizedFormat.Q8_0, 8)]
    public void Multiply_RandomBlocks_EqualsLiteralDoubleProduct(QuantizedFormat format, int m)
    {
        const int rows = 37, columns = 96;
        var random = new Random(m);
        (byte[] bytes, float[] dense) = RandomBlocks(random, format, rows, columns);
        using QuantizedBlocks blocks = QuantizedBlocks.TryStack(new QuantizedMatrix(format, rows, columns, bytes))!;
        float[] x = [.. Enumerable.Range(0, m * columns).Select(_ => (float)(random.NextDouble() - 0.5))];
        var y = new float[m * rows];

        fixed (float* xp = x, yp = y)
            QuantizedKernels.Multiply(blocks, xp, m, yp, 0, rows);

        for (int b = 0; b < m; b++)
        {
            for (int n = 0; n < rows; n++)
            {
                double sum = 0;
                for (int k = 0; k < columns; k++)
                    sum += (double)x[(b * columns) + k] * dense[(n * columns) + k];
                Assert.Equal(sum, y[(b * rows) + n], 1e-4);
            }
        }
    }

    [Fact]
    public void TryStack_TwoMatrices_IsTheirRowsInOrder()
    {
        var random = new Random(5);
        (byte[] a, float[] denseA) = RandomBlocks(random, QuantizedFormat.Q4_1, 3, 64);
        (byte[] b, float[] denseB) = RandomBlocks(random, QuantizedFormat.Q4_1, 2, 64);
        using QuantizedBlocks both = QuantizedBlocks.TryStack(
            new QuantizedMatrix(QuantizedFormat.Q4_1, 3, 64, a), new QuantizedMatrix(QuantizedFormat.Q4_1, 2, 64, b))!;
        float[] one = [.. Enumerable.Repeat(0f, 64)];
        one[17] = 1;
        var y = new float[5];

        fixed (float* xp = one, yp = y)
            QuantizedKernels.Multiply(both, xp, 1, yp, 0, 5);

        float[] expected = [denseA[17], denseA[64 + 17], denseA[128 + 17], denseB[17], denseB[64 + 17]];
        Assert.Equal(expected, y);
    }

    [Fact]
    public void TryStack_DifferentFormats_IsNull()
    {
        (byte[] a, _) = RandomBlocks(new Random(1), QuantizedFormat.Q4_1, 1, 32);
        (byte[] b, _) = RandomBlocks(new Random(1), QuantizedFormat.Q8_0, 1, 32);

        Assert.Null(QuantizedBlocks.TryStack(
            new QuantizedMatrix(QuantizedFormat.Q4_1, 1, 32, a), new QuantizedMatrix(QuantizedFormat.Q8_0, 1, 32, b)));
    }

    [Fact]
    public void Run_ManyPiecesOfWork_RunsEachPartOnce()
    {
        using var team = new ThreadTeam(3);
        var counts = new int[3];
        for (int i = 0; i < 2000; i++)
        {
            team.Run(3, part => Interlocked.Increment(ref counts[part]));
            if (i % 500 == 0)
                Thread.Sleep(2); // long enough for members to fall asleep
        }

        Assert.Equal([2000, 2000, 2000], counts);
    }

    [Fact]
    public void Run_PartThatThrows_IsReportedToTheCaller()
    {
        using var team = new ThreadTeam(2);

        Assert.Throws<InvalidOperationException>(() => team.Run(2, part =>
        {
            if (part == 1)
                throw new ArgumentException("broken");
        }));
        int ran = 0;
        team.Run(2, _ => Interlocked.Increment(ref ran));
        Assert.Equal(2, ran);
    }

    // The literal reading of ggml's block layouts, weight by weight.
    private static (byte[] Blocks, float[] Dense) RandomBlocks(Random random, QuantizedFormat format, int rows, int columns)
    {
        int blockBytes = format == QuantizedFormat.Q4_1 ? 20 : 34;
        var bytes = new byte[rows * columns / 32 * blockBytes];
        random.NextBytes(bytes);
        var dense = new float[rows * columns];
        for (int block = 0; block < rows * columns / 32; block++)
        {
            Span<byte> b = bytes.AsSpan(block * blockBytes, blockBytes);
            BitConverter.TryWriteBytes(b, (Half)(random.NextDouble() * 0.1));
            float d = (float)BitConverter.ToHalf(b);
            float min = 0;
            if (format == QuantizedFormat.Q4_1)
            {
                BitConverter.TryWriteBytes(b[2..], (Half)(random.NextDouble() - 0.5));
                min = (float)BitConverter.ToHalf(b[2..]);
            }
            for (int i = 0; i < 32; i++)
            {
                int q = format == QuantizedFormat.Q8_0
                    ? (sbyte)b[2 + i]
                    : i < 16 ? b[4 + i] & 15 : b[4 + i - 16] >> 4;
                dense[(block * 32) + i] = (q * d) + min;
            }
        }
        return (bytes, dense);
    }
}
