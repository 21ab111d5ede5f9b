using RefusalExplorer.Engine.Native;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Saes;

/// <summary>A feature or token with a number: a cosine, or what is added to a logit.</summary>
/// <param name="Id">0-based feature, or token id.</param>
/// <param name="Value">The number.</param>
public readonly record struct FeatureWeight(int Id, float Value)
{
    /// <summary>Rows of ids and values [N, K] as arrays.</summary>
    internal static FeatureWeight[][] Rows(Tensor ids_NK, Tensor values_NK)
    {
        int n = (int)values_NK.shape[0], k = (int)values_NK.shape[1];
        float[] values = values_NK.ToFloats();
        long[] ids = ids_NK.cpu().contiguous().data<long>().ToArray();
        return [.. Enumerable.Range(0, n).Select(i => Enumerable.Range(i * k, k).Select(j => new FeatureWeight((int)ids[j], values[j])).ToArray())];
    }
}

/// <summary>The tokens at both ends of a feature's effect on the logits.</summary>
/// <param name="Raised">Tokens whose logits it raises most, the largest first.</param>
/// <param name="Lowered">Tokens whose logits it lowers most, the lowest first.</param>
public sealed record LogitEnds(IReadOnlyList<FeatureWeight> Raised, IReadOnlyList<FeatureWeight> Lowered);
