namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>Tensor types of GGUF files that the engine reads; the values are ggml's own (<c>ggml.h</c>, <c>enum ggml_type</c>).</summary>
public enum GgmlType
{
    /// <summary>IEEE single.</summary>
    F32 = 0,

    /// <summary>IEEE half.</summary>
    F16 = 1,

    /// <summary>32 weights: f16 d, 16 bytes of nibbles; w = (q − 8)·d.</summary>
    Q4_0 = 2,

    /// <summary>32 weights: f16 d, f16 m, 16 bytes of nibbles; w = q·d + m.</summary>
    Q4_1 = 3,

    /// <summary>32 weights: f16 d, 32 high bits, 16 bytes of nibbles; w = (q − 16)·d.</summary>
    Q5_0 = 6,

    /// <summary>32 weights: f16 d, f16 m, 32 high bits, 16 bytes of nibbles; w = q·d + m.</summary>
    Q5_1 = 7,

    /// <summary>32 weights: f16 d, 32 signed bytes; w = q·d.</summary>
    Q8_0 = 8,

    /// <summary>256 weights in 8 groups with 6-bit scales and minima, 4 bits each.</summary>
    Q4_K = 12,

    /// <summary>256 weights in 8 groups with 6-bit scales and minima, 5 bits each.</summary>
    Q5_K = 13,

    /// <summary>256 weights in 16 groups with 8-bit scales, 6 bits each.</summary>
    Q6_K = 14,

    /// <summary>The upper half of an IEEE single.</summary>
    BF16 = 30,
}

internal static class GgmlTypes
{
    // Types of ggml without a reader here, so that a refusal can say which one it is.
    private static readonly Dictionary<uint, string> Unsupported = new()
    {
        [9] = "Q8_1", [10] = "Q2_K", [11] = "Q3_K", [15] = "Q8_K", [16] = "IQ2_XXS", [17] = "IQ2_XS", [18] = "IQ3_XXS", [19] = "IQ1_S",
        [20] = "IQ4_NL", [21] = "IQ3_S", [22] = "IQ2_S", [23] = "IQ4_XS", [24] = "I8", [25] = "I16", [26] = "I32", [27] = "I64",
        [28] = "F64", [29] = "IQ1_M", [34] = "TQ1_0", [35] = "TQ2_0", [39] = "MXFP4",
    };

    /// <summary>ggml's name of a type, whether it is read here or not.</summary>
    internal static string NameOf(uint type) => Enum.IsDefined((GgmlType)type)
        ? ((GgmlType)type).ToString()
        : Unsupported.GetValueOrDefault(type, $"number {type}");

    /// <summary>Weights in a block.</summary>
    internal static int BlockWeights(this GgmlType type) => type switch
    {
        GgmlType.F32 or GgmlType.F16 or GgmlType.BF16 => 1,
        GgmlType.Q4_K or GgmlType.Q5_K or GgmlType.Q6_K => 256,
        _ => 32,
    };

    /// <summary>Bytes of a block.</summary>
    internal static int BlockBytes(this GgmlType type) => type switch
    {
        GgmlType.F32 => 4,
        GgmlType.F16 or GgmlType.BF16 => 2,
        GgmlType.Q4_0 => 2 + 16,
        GgmlType.Q4_1 => 4 + 16,
        GgmlType.Q5_0 => 2 + 4 + 16,
        GgmlType.Q5_1 => 4 + 4 + 16,
        GgmlType.Q8_0 => 2 + 32,
        GgmlType.Q4_K => 4 + 12 + 128,
        GgmlType.Q5_K => 4 + 12 + 32 + 128,
        _ => 128 + 64 + 16 + 2,
    };
}
