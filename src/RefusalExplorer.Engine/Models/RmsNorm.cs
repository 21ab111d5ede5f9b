using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Models;

/// <summary>Root-mean-square norm. Gemma multiplies by (1 + weight) in float32, Llama by weight in the model's type.</summary>
internal sealed class RmsNorm : IDisposable
{
    private readonly Tensor _weight;
    private readonly float _epsilon;
    private readonly bool _gemma;

    /// <param name="weight">The checkpoint's weight [D], owned by the norm.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <param name="gemma">Whether the weight is an offset from 1.</param>
    public RmsNorm(Tensor weight, double epsilon, bool gemma)
    {
        _epsilon = (float)epsilon;
        _gemma = gemma;
        using var scope = NewDisposeScope();
        _weight = gemma ? (weight.to(ScalarType.Float32) + 1).MoveToOuterDisposeScope() : weight;
        if (gemma)
            weight.Dispose();
    }

    public Tensor Forward(Tensor x)
    {
        ScalarType dtype = x.dtype;
        Tensor x32 = x.to(ScalarType.Float32);
        Tensor inverse = x32.square().mean([-1], keepdim: true).add_(_epsilon).rsqrt_();
        Tensor normed = x32 * inverse;
        return _gemma ? normed.mul_(_weight).to(dtype) : normed.to(dtype).mul_(_weight);
    }

    public void Dispose() => _weight.Dispose();
}
