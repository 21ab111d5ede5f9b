using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>Element types of plain (not block-quantised) tensors, under their safetensors names. All are little-endian.</summary>
public enum TensorElementType
{
    /// <summary>IEEE double.</summary>
    F64,

    /// <summary>IEEE single.</summary>
    F32,

    /// <summary>IEEE half.</summary>
    F16,

    /// <summary>The upper half of an IEEE single.</summary>
    BF16,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Signed byte.</summary>
    I8,

    /// <summary>Unsigned byte.</summary>
    U8,

    /// <summary>One byte, 0 or 1.</summary>
    BOOL,
}

internal static class TensorElementTypes
{
    internal static int Size(this TensorElementType type) => type switch
    {
        TensorElementType.F64 or TensorElementType.I64 => 8,
        TensorElementType.F32 or TensorElementType.I32 => 4,
        TensorElementType.F16 or TensorElementType.BF16 or TensorElementType.I16 => 2,
        _ => 1,
    };

    internal static ScalarType ToScalarType(this TensorElementType type) => type switch
    {
        TensorElementType.F64 => ScalarType.Float64,
        TensorElementType.F32 => ScalarType.Float32,
        TensorElementType.F16 => ScalarType.Float16,
        TensorElementType.BF16 => ScalarType.BFloat16,
        TensorElementType.I64 => ScalarType.Int64,
        TensorElementType.I32 => ScalarType.Int32,
        TensorElementType.I16 => ScalarType.Int16,
        TensorElementType.I8 => ScalarType.Int8,
        TensorElementType.U8 => ScalarType.Byte,
        _ => ScalarType.Bool,
    };

    /// <summary>Elements of a shape, or null where a dimension is negative or the product exceeds 63 bits.</summary>
    internal static long? ElementCount(ReadOnlySpan<long> shape)
    {
        UInt128 count = 1;
        foreach (long dimension in shape)
        {
            if (dimension < 0)
                return null;
            count *= (ulong)dimension;
            if (count > long.MaxValue)
                return null;
        }
        return (long)count;
    }
}
