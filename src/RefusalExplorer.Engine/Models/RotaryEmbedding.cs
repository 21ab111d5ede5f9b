using RefusalExplorer.Engine.Native;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Models;

/// <summary>Rotary position embedding in the half-split form of Hugging Face checkpoints (<c>rotate_half</c>).</summary>
internal sealed class RotaryEmbedding : IDisposable
{
    private readonly Tensor _cos_SE;
    private readonly Tensor _sin_SE;

    public RotaryEmbedding(ModelConfig config, int positions, ScalarType dtype, Device device)
    {
        float[] frequencies = Frequencies(config);
        using var scope = NewDisposeScope();
        // The angle is formed in float32, as transformers does it; only the finished cos and sin take the model's type.
        Tensor angles = outer(Held.Range(0, positions, CPU).to(ScalarType.Float32), tensor(frequencies));
        Tensor both = cat([angles, angles], -1);
        _cos_SE = both.cos().to(dtype, device).MoveToOuterDisposeScope();
        _sin_SE = both.sin().to(dtype, device).MoveToOuterDisposeScope();
    }

    /// <summary>cos at each position, [S, E].</summary>
    public Tensor Cos_SE => _cos_SE;

    /// <summary>sin at each position, [S, E].</summary>
    public Tensor Sin_SE => _sin_SE;

    /// <summary>cos and sin at the given positions: [B, 1, T, E] or, where all rows share them, [1, 1, T, E].</summary>
    public (Tensor Cos, Tensor Sin) At(Tensor positions_BT)
    {
        Tensor flat = positions_BT.flatten();
        long[] shape = [positions_BT.shape[0], 1, positions_BT.shape[1], _cos_SE.shape[1]];
        return (_cos_SE.index_select(0, flat).view(shape), _sin_SE.index_select(0, flat).view(shape));
    }

    /// <summary>x [B, H, T, E] turned by its position.</summary>
    public static Tensor Rotate(Tensor x_BHTE, Tensor cos, Tensor sin)
    {
        long half = x_BHTE.shape[3] / 2;
        Tensor rotated = cat([x_BHTE.narrow(3, half, half).neg(), x_BHTE.narrow(3, 0, half)], 3);
        return (x_BHTE * cos).PlusInPlace(rotated.mul_(sin));
    }

    public void Dispose()
    {
        _cos_SE.Dispose();
        _sin_SE.Dispose();
    }

    /// <summary>Inverse frequencies θ^(−2i/E), scaled as Llama 3.1 does (transformers <c>_compute_llama3_parameters</c>).</summary>
    internal static float[] Frequencies(ModelConfig config)
    {
        int half = config.HeadDim / 2;
        var frequencies = new float[half];
        for (int i = 0; i < half; i++)
        {
            frequencies[i] = 1f / MathF.Pow((float)config.RopeTheta, (float)(2 * i) / config.HeadDim);
            if (config.RopeScaling is { } scaling)
                frequencies[i] = Scale(frequencies[i], scaling);
            else if (!config.RopeFrequencyFactors.IsEmpty)
                frequencies[i] /= config.RopeFrequencyFactors[i];
        }
        return frequencies;
    }

    // Long waves are slowed by the factor, short ones kept, and those between are blended.
    private static float Scale(float frequency, Llama3RopeScaling s)
    {
        double wavelength = 2 * Math.PI / frequency;
        double longest = s.OriginalMaxPositions / s.LowFrequencyFactor;
        double shortest = s.OriginalMaxPositions / s.HighFrequencyFactor;
        if (wavelength < shortest)
            return frequency;
        if (wavelength > longest)
            return (float)(frequency / s.Factor);
        double smooth = ((s.OriginalMaxPositions / wavelength) - s.LowFrequencyFactor) / (s.HighFrequencyFactor - s.LowFrequencyFactor);
        return (float)(((1 - smooth) * frequency / s.Factor) + (smooth * frequency));
    }
}
