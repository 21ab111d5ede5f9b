using RefusalExplorer.Engine.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Models;

/// <summary>Root-mean-square norm. Gemma multiplies by (1 + weight) in float32, Llama by weight in the model's type.</summary>
internal sealed class RmsNorm : IDisposable
{
    private readonly Tensor _weight;
    private readonly Scalar _epsilon;

    /// <param name="weight">The checkpoint's weight [D], owned by the norm.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <param name="gemma">Whether the weight is an offset from 1.</param>
    public RmsNorm(Tensor weight, double epsilon, bool gemma)
    {
        Epsilon = (float)epsilon;
        _epsilon = Held.Of(Epsilon);
        IsGemma = gemma;
        using var scope = NewDisposeScope();
        _weight = gemma ? Held.Use(1, weight.to(ScalarType.Float32).Plus).MoveToOuterDisposeScope() : weight;
        if (gemma)
            weight.Dispose();
    }

    /// <summary>Added to the mean square.</summary>
    public float Epsilon { get; }

    /// <summary>Whether <see cref="Weight"/> is float32 and holds 1 + w, as Gemma multiplies.</summary>
    public bool IsGemma { get; }

    /// <summary>The factor of each component, [D].</summary>
    public Tensor Weight => _weight;

    public Tensor Forward(Tensor x)
    {
        ScalarType dtype = x.dtype;
        Tensor x32 = x.to(ScalarType.Float32);
        Tensor inverse = x32.mul(x32).mean([-1], keepdim: true).PlusInPlace(_epsilon).rsqrt_();
        Tensor normed = x32 * inverse;
        return IsGemma ? normed.mul_(_weight).to(dtype) : normed.to(dtype).mul_(_weight);
    }

    /// <summary>x times the norm's weight, without the division: what folding the norm into the next matrix leaves.</summary>
    public Tensor Scale(Tensor x) => x * _weight.to(x.dtype);

    public void Dispose() => _weight.Dispose();
}
