using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Interactions;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Interactions;

public class InteractionRankingTests
{
    private static readonly ImmutableArray<FeatureId> Features = [.. Enumerable.Range(0, 40).Select(i => new FeatureId(2 + (i / 10), i))];

    private readonly FactorizationMachine _model = FactorizationMachine.Initial(Features, new() { InitialDeviation = 1, Seed = 4 });

    private double Cosine(FeatureId a, FeatureId b)
    {
        double[] x = [.. _model.Embedding(_model.ColumnOf(a)).ToArray().Select(v => (double)v)];
        double[] y = [.. _model.Embedding(_model.ColumnOf(b)).ToArray().Select(v => (double)v)];
        return x.Zip(y, (p, q) => p * q).Sum() / Math.Sqrt(x.Sum(v => v * v) * y.Sum(v => v * v));
    }

    [Theory]
    [InlineData(SimilarityPooling.Max)]
    [InlineData(SimilarityPooling.Mean)]
    public void ByEmbedding_AnyModel_IsTheOrderOfThePooledCosines(SimilarityPooling pooling)
    {
        FeatureId[] stage2 = [Features[3], Features[17], Features[30]];
        double Pooled(FeatureId f) => pooling == SimilarityPooling.Max ? stage2.Max(s => Cosine(f, s)) : stage2.Average(s => Cosine(f, s));
        InteractionRankingResult result = InteractionRanking.ByEmbedding(_model, stage2, pooling);
        Assert.Equal(Features.Except(stage2).OrderByDescending(Pooled), result.Features.Select(r => r.Feature));
        Assert.All(result.Features, r => Assert.Equal(Pooled(r.Feature), r.Similarity, 1e-5));
        Assert.Empty(result.Unknown);
    }

    [Fact]
    public void ByEmbedding_SilentStage2Features_AreReportedAsUnknown()
    {
        FeatureId silent = new(9, 9);
        Assert.Equal([silent], InteractionRanking.ByEmbedding(_model, [Features[0], silent]).Unknown);
        Assert.Contains("none of the 1 Stage 2 features fires", Assert.Throws<PipelineException>(() =>
            InteractionRanking.ByEmbedding(_model, [silent])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ByEmbedding_FeaturesThatWorkTogether_ComeBeforeNoise()
    {
        InteractionDataset data = InteractionData.ExclusiveOr(prompts: 800, noise: 20, seed: 1);
        FactorizationMachine model = FactorizationMachineTrainer.Train(data, new() { LearningRate = 0.02, InitialDeviation = 0.1 }).Model;
        // One of the pair excludes the other: their embeddings point away from each other, and from each other only.
        InteractionRankingResult result = InteractionRanking.ByEmbedding(model, [new FeatureId(2, 0)]);
        Assert.Equal(new FeatureId(2, 1), result.Features[^1].Feature);
        Assert.InRange(result.Features[^1].Similarity, -1, -0.5);
    }

    [Fact]
    public void ByWeight_LinearProbe_RanksByMagnitude()
    {
        FactorizationMachine probe = FactorizationMachine.Initial([Features[0], Features[1], Features[2]], new() { EmbeddingSize = 0 });
        foreach ((int column, float weight) in new[] { (0, 0.5f), (1, -2f), (2, 1f) })
            probe.Rows[column * probe.Stride] = weight;
        Assert.Equal([Features[1], Features[2], Features[0]], InteractionRanking.ByWeight(probe).Select(r => r.Feature));
        Assert.Throws<PipelineException>(() => InteractionRanking.ByEmbedding(probe, [Features[0]]));
    }
}
