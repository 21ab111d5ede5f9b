using System.Collections.Immutable;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Candidates;

/// <summary>A feature with the cosine of its decoder row to the refusal direction.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Cosine">cos(v, d_z).</param>
public sealed record RankedFeature(FeatureId Feature, float Cosine);

/// <summary>Each layer's features by decoder cosine to the refusal direction, best first (paper, Stage 1, "Selecting a Top-K candidate set").</summary>
public sealed class CandidateRanking
{
    /// <summary>0-based layers that the paper leaves out: "Layers 1 and 2 typically encode grammatical features" can only mean the first two,
    /// since its tables list features of layer index 2.</summary>
    public static ImmutableArray<int> ExcludedByDefault { get; } = [0, 1];

    private CandidateRanking(ImmutableSortedDictionary<int, ImmutableArray<RankedFeature>> byLayer) => ByLayer = byLayer;

    /// <summary>By layer, best first.</summary>
    public ImmutableSortedDictionary<int, ImmutableArray<RankedFeature>> ByLayer { get; }

    /// <summary>A ranking from what <see cref="Top"/> gave for each layer.</summary>
    /// <exception cref="PipelineException">There is no layer.</exception>
    internal static CandidateRanking Of(IEnumerable<ImmutableArray<RankedFeature>> layers)
    {
        var byLayer = layers.Where(l => !l.IsEmpty).ToImmutableSortedDictionary(l => l[0].Feature.Layer, l => l);
        return byLayer.Count > 0
            ? new CandidateRanking(byLayer)
            : throw new PipelineException("candidates: no layer is left; expected at least one layer with an SAE that is not excluded");
    }

    /// <summary>Ranks the features of each layer.</summary>
    /// <param name="layers">Layers with an SAE; ask for those up to the layer that the study ends at.</param>
    /// <param name="decoderCosines">cos(direction, W_dec[f]) of every feature of a layer, [F] (<c>Sae.DecoderCosines</c>); one layer's at a time.</param>
    /// <param name="keep">Features kept a layer, the largest K that will be asked for.</param>
    /// <param name="excluded">Layers left out; null: <see cref="ExcludedByDefault"/>.</param>
    /// <param name="cancellation">Checked between layers.</param>
    /// <exception cref="PipelineException">No layer is left, or <paramref name="keep"/> is not positive.</exception>
    public static CandidateRanking Rank(
        IEnumerable<int> layers, Func<int, float[]> decoderCosines, int keep = 200, IReadOnlyCollection<int>? excluded = null,
        CancellationToken cancellation = default)
    {
        if (keep < 1)
            throw new PipelineException($"candidates: {keep} features a layer; expected at least 1");
        ImmutableSortedDictionary<int, ImmutableArray<RankedFeature>>.Builder byLayer =
            ImmutableSortedDictionary.CreateBuilder<int, ImmutableArray<RankedFeature>>();
        foreach (int layer in layers.Distinct().Except(excluded ?? ExcludedByDefault))
        {
            cancellation.ThrowIfCancellationRequested();
            byLayer.Add(layer, Top(layer, decoderCosines(layer), keep));
        }
        return byLayer.Count > 0
            ? new CandidateRanking(byLayer.ToImmutable())
            : throw new PipelineException("candidates: no layer is left; expected at least one layer with an SAE that is not excluded");
    }

    /// <summary>The K best of every layer, layers ascending, best first within a layer: for K₁ &lt; K₂ the first set is part of the second.</summary>
    public ImmutableArray<FeatureId> Take(int k) => [.. ByLayer.Values.SelectMany(l => l.Take(k).Select(f => f.Feature))];

    /// <summary>The best of one layer, best first.</summary>
    internal static ImmutableArray<RankedFeature> Top(int layer, float[] cosines, int keep)
    {
        // A min-heap of the best so far: F is up to 131,072, K at most a few hundred. Of equal cosines the lower index is better.
        PriorityQueue<int, (float, int)> best = new(keep + 1);
        for (int f = 0; f < cosines.Length; f++)
        {
            // A dead decoder row has no direction and so no cosine.
            if (float.IsNaN(cosines[f]))
                continue;
            if (best.Count < keep)
                best.Enqueue(f, (cosines[f], -f));
            else
                best.EnqueueDequeue(f, (cosines[f], -f));
        }
        RankedFeature[] ranked = new RankedFeature[best.Count];
        for (int i = ranked.Length - 1; i >= 0; i--)
        {
            int f = best.Dequeue();
            ranked[i] = new RankedFeature(new FeatureId(layer, f), cosines[f]);
        }
        return [.. ranked];
    }
}
