using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Generation;

/// <summary>Two prompts in a few arms each run as one row for each text below the first edit; every arm is what it is alone.</summary>
public sealed class TextsInArmsTests
{
    private static readonly int[] Long = [2, 17, 40, 99, 5, 63, 7], Short = [2, 31, 8, 20];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("gemma2", 2, false)]
    [InlineData("llama31", 2, false)]
    [InlineData("llama31", 2, true)]
    [InlineData("llama31", 0, false)]
    public void EveryArm_IsWhatItIsAlone(string name, int layer, bool withoutCache)
    {
        using LanguageModel model = Golden.Model(name, saes: name);
        float[] direction = [.. Enumerable.Range(0, model.Config.ModelDim).Select(d => MathF.Sin(d))];
        InterventionSet clamp = InterventionSet.Of(Intervention.Clamp([new FeatureId(layer, 5)], 3.5, TokenScope.AllButFirst));
        InterventionSet ablate = InterventionSet.Of(Intervention.Ablate([new FeatureId(3, 1), new FeatureId(2, 5)], TokenScope.All));
        PromptRow[] rows =
        [
            new([.. Long], InterventionSet.Empty), new([.. Short], clamp), new([.. Long], clamp), new([.. Long], ablate), new([.. Short], InterventionSet.Empty),
        ];
        var options = new GenerationOptions
        {
            MaxNewTokens = 6,
            IgnoreEos = true,
            CosineTo = [.. direction],
            LogitLens = true,
            RecordFeatures = [new FeatureId(layer, 5), new FeatureId(3, 1)],
            WithoutCache = withoutCache,
        };

        IReadOnlyList<GenerationResult> together = model.Generate(rows, options, cancellation: Ct);

        for (int r = 0; r < rows.Length; r++)
        {
            GenerationResult alone = model.Generate([rows[r]], options, cancellation: Ct)[0];
            Assert.Equal(alone.Ids, together[r].Ids);
            Near(alone.FirstLogits, together[r].FirstLogits);
            Near(alone.Cosine!, together[r].Cosine!);
            Near(alone.LogitLens!, together[r].LogitLens!);
            foreach ((FeatureId feature, float[] values) in alone.Features)
                Near(values, together[r].Features[feature]);
            Assert.Equal(alone.Effects.Select(e => (e.Feature, e.TokensTouched)), together[r].Effects.Select(e => (e.Feature, e.TokensTouched)));
            Near([.. alone.Effects.Select(e => (float)e.DeltaNorm)], [.. together[r].Effects.Select(e => (float)e.DeltaNorm)]);
        }
    }

    private static void Near(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-4f);
    }
}
