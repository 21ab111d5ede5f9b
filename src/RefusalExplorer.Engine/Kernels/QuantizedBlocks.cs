using System.Runtime.InteropServices;
using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Kernels;

/// <summary>
/// A quantised matrix laid out for the kernels: quants and float32 scales apart, because a half-precision scale between the quants
/// costs a slow conversion for every block of every token.
/// </summary>
internal sealed unsafe class QuantizedBlocks : IDisposable
{
    private const int Alignment = 64;

    private QuantizedBlocks(QuantizedFormat format, int rows, int columns)
    {
        Format = format;
        Rows = rows;
        Columns = columns;
        long blocks = (long)rows * (columns / QuantizedKernels.BlockSize);
        Packed = (byte*)NativeMemory.AlignedAlloc((nuint)(blocks * PackedBlockBytes), Alignment);
        Scales = (float*)NativeMemory.AlignedAlloc((nuint)(blocks * ScalesPerBlock * sizeof(float)), Alignment);
    }

    public QuantizedFormat Format { get; }

    public int Rows { get; }

    public int Columns { get; }

    public byte* Packed { get; private set; }

    public float* Scales { get; private set; }

    public int PackedBlockBytes => Format == QuantizedFormat.Q4_1 ? 16 : 32;

    public int ScalesPerBlock => Format == QuantizedFormat.Q4_1 ? 2 : 1;

    /// <summary>Stacks matrices of one format and width, so that projections that read the same input become one product.</summary>
    public static QuantizedBlocks? TryStack(params ReadOnlySpan<QuantizedMatrix?> parts)
    {
        int rows = 0;
        foreach (QuantizedMatrix? part in parts)
        {
            if (part is null || part.Format != parts[0]!.Format || part.Columns != parts[0]!.Columns)
                return null;
            rows += part.Rows;
        }
        var stacked = new QuantizedBlocks(parts[0]!.Format, rows, parts[0]!.Columns);
        long block = 0;
        foreach (QuantizedMatrix? part in parts)
            block = stacked.Append(part!, block);
        return stacked;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(Packed);
        NativeMemory.AlignedFree(Scales);
        Packed = null;
        Scales = null;
    }

    private long Append(QuantizedMatrix part, long block)
    {
        int scaleBytes = ScalesPerBlock * sizeof(ushort);
        ReadOnlySpan<byte> source = part.Blocks.Span;
        for (; source.Length > 0; source = source[(scaleBytes + PackedBlockBytes)..], block++)
        {
            for (int s = 0; s < ScalesPerBlock; s++)
                Scales[(block * ScalesPerBlock) + s] = (float)BitConverter.ToHalf(source[(s * sizeof(ushort))..]);
            source.Slice(scaleBytes, PackedBlockBytes).CopyTo(new Span<byte>(Packed + (block * PackedBlockBytes), PackedBlockBytes));
        }
        return block;
    }
}
