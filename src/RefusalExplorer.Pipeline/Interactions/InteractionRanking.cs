using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Interactions;

/// <summary>How similarities to several Stage 2 features become one number. The paper does not say.</summary>
public enum SimilarityPooling
{
    /// <summary>The largest cosine. The default: an interaction is with some feature, not with their average.</summary>
    Max,

    /// <summary>The mean cosine.</summary>
    Mean,
}

/// <summary>A feature by how it interacts with Stage 2's.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Similarity">Pooled cosine of its embedding to theirs.</param>
public sealed record RankedInteraction(FeatureId Feature, double Similarity);

/// <summary>All other features, most similar first.</summary>
/// <param name="Features">The ranking; Stage 3 for K takes the first K.</param>
/// <param name="Unknown">Stage 2 features that never fired in training and so have no embedding: the paper's silent, redundant features.</param>
public sealed record InteractionRankingResult(ImmutableArray<RankedInteraction> Features, ImmutableArray<FeatureId> Unknown);

/// <summary>Ranks features for Stage 3.</summary>
public static class InteractionRanking
{
    private const int Lanes = 8;

    /// <summary>By cosine of embeddings to those of Stage 2 (paper, Stage 3, "Results").</summary>
    /// <param name="model">A trained machine with embeddings.</param>
    /// <param name="stage2">Stage 2's features; they are not ranked themselves.</param>
    /// <param name="pooling">How several similarities become one.</param>
    /// <param name="cancellation">Stops the ranking.</param>
    /// <exception cref="PipelineException">The machine has no embeddings, or none of Stage 2's features has one.</exception>
    public static InteractionRankingResult ByEmbedding(
        FactorizationMachine model, IReadOnlyCollection<FeatureId> stage2, SimilarityPooling pooling = SimilarityPooling.Max, CancellationToken cancellation = default)
    {
        if (model.EmbeddingSize == 0)
            throw new PipelineException("interaction ranking: the model has no embeddings; expected a factorization machine, not a linear probe");
        HashSet<FeatureId> known = [.. stage2.Where(f => model.ColumnOf(f) >= 0)];
        if (known.Count == 0)
            throw new PipelineException($"interaction ranking: none of the {stage2.Count} Stage 2 features fires in the training samples, so there is nothing to compare with");
        (float[] units, int width) = UnitEmbeddings(model);
        int[] references = [.. known.Order().Select(model.ColumnOf)];
        if (pooling == SimilarityPooling.Mean)
            (units, references) = AppendMean(units, width, references);
        double[] similarity = new double[model.Features.Length];
        Parallel.For(0, similarity.Length, new ParallelOptions { CancellationToken = cancellation }, column =>
            similarity[column] = references.Max(r => Dot(units, column * width, r * width, width)));
        ImmutableArray<RankedInteraction> ranked =
        [
            .. model.Features.Select((f, column) => new RankedInteraction(f, similarity[column])).Where(r => !known.Contains(r.Feature))
                .OrderByDescending(r => r.Similarity).ThenBy(r => r.Feature),
        ];
        return new InteractionRankingResult(ranked, [.. stage2.Where(f => !known.Contains(f)).Distinct().Order()]);
    }

    /// <summary>By magnitude of the linear weight: the linear probe's ranking (paper, "Factorization Machines vs. Linear Probe").</summary>
    public static ImmutableArray<RankedInteraction> ByWeight(FactorizationMachine model) =>
    [
        .. model.Features.Select((f, column) => new RankedInteraction(f, Math.Abs(model.Weight(column))))
            .OrderByDescending(r => r.Similarity).ThenBy(r => r.Feature),
    ];

    /// <summary>All embeddings at length 1 (0 stays 0), padded with zeros to whole groups of lanes.</summary>
    private static (float[] Units, int Width) UnitEmbeddings(FactorizationMachine model)
    {
        int width = (model.EmbeddingSize + Lanes - 1) / Lanes * Lanes;
        float[] units = new float[checked(model.Features.Length * width)];
        Parallel.For(0, model.Features.Length, column =>
        {
            ReadOnlySpan<float> embedding = model.Embedding(column);
            double square = 0;
            foreach (float x in embedding)
                square += (double)x * x;
            double scale = square > 0 ? 1 / Math.Sqrt(square) : 0;
            for (int f = 0; f < embedding.Length; f++)
                units[(column * width) + f] = (float)(embedding[f] * scale);
        });
        return (units, width);
    }

    /// <summary>The mean of cosines to unit vectors is the dot product with their mean: one reference instead of many.</summary>
    private static (float[] Units, int[] References) AppendMean(float[] units, int width, int[] references)
    {
        int place = units.Length / width;
        Array.Resize(ref units, units.Length + width);
        for (int f = 0; f < width; f++)
            units[(place * width) + f] = (float)references.Average(r => (double)units[(r * width) + f]);
        return (units, [place]);
    }

    private static float Dot(float[] units, int a, int b, int width)
    {
        ref float data = ref MemoryMarshal.GetArrayDataReference(units);
        Vector256<float> sum = Vector256<float>.Zero;
        for (int lane = 0; lane < width; lane += Lanes)
            sum += Vector256.LoadUnsafe(ref data, (nuint)(a + lane)) * Vector256.LoadUnsafe(ref data, (nuint)(b + lane));
        return Vector256.Sum(sum);
    }
}
