using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Saes;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Generation;

public sealed class CaptureTests
{
    private static readonly int[] Long = [2, 355, 395, 74, 456, 17, 300];
    private static readonly int[] Short = [2, 9, 120, 44];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Forward_TokenLosses_AreTheLogSoftmaxOfAllLogits()
    {
        using LanguageModel model = Golden.Model("llama31");

        IReadOnlyList<ForwardResult> results = model.Forward(
            [PromptRow.Plain(Short), PromptRow.Plain(Long)], new CaptureSpec { AllLogits = true, TokenLosses = true }, Ct);

        foreach ((ForwardResult result, int[] ids) in results.Zip([Short, Long]))
        {
            int vocabulary = model.Config.Vocabulary;
            float[] expected = [.. Enumerable.Range(0, ids.Length - 1).Select(t =>
            {
                ReadOnlySpan<float> logits = result.AllLogits.AsSpan(t * vocabulary, vocabulary);
                return (float)(Probability.LogSumExp(logits) - logits[ids[t + 1]]);
            })];
            Golden.Close(expected, result.TokenLosses, 1e-5, "losses");
        }
    }

    [Fact]
    public void Forward_ActiveLayers_GiveWhatTheWholeSaeFindsUnderTheEditsOfEarlierLayers()
    {
        using LanguageModel model = Golden.Model("llama31", saes: "llama31");
        PromptRow edited = new([.. Long], InterventionSet.Of(Intervention.Ablate(Firing(model), TokenScope.All)));

        ForwardResult result = model.Forward([edited], new CaptureSpec { ActiveLayers = [1, 2] }, Ct)[0];

        foreach (int layer in (int[])[1, 2])
        {
            float[] expected = model.Activations(edited, layer, Ct);
            Golden.Close(expected, Dense(result.Active[layer], expected.Length / Long.Length), 1e-4, $"layer {layer}");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Activations_UnderEditsAtTheNextLayer_AreOfTheOutputThatFeatureEditsFind(bool projects)
    {
        using LanguageModel model = Golden.Model("llama31", saes: "llama31");
        FeatureId feature = Firing(model, 1)[0];
        float[] direction = Golden.Tensor("direction.add", "interventions", "llama31.safetensors");
        Intervention edit = projects
            ? Intervention.ProjectOut(direction, TokenScope.All, [2])
            : Intervention.Add(direction, 3, 2, TokenScope.All);
        PromptRow row = new([.. Long], InterventionSet.Of(Intervention.Scale([feature], 1, TokenScope.All), edit));

        float[] before = model.Activations(PromptRow.Plain(Long), 1, Ct), under = model.Activations(row, 1, Ct);
        FeatureEffect effect = model.Forward([row], CaptureSpec.LastLogits, Ct)[0].Effects.Single();

        Assert.Equal(before, under);
        int features = under.Length / Long.Length;
        Assert.Equal(effect.MaxBefore, Enumerable.Range(0, Long.Length).Max(t => under[(t * features) + feature.Index]), 1e-4);
        Assert.NotEqual(model.Activations(PromptRow.Plain(Long), 2, Ct), model.Activations(row, 2, Ct));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Activations_OfALayerWhoseOwnOutputIsProjected_AreThoseBeforeIt(int layer)
    {
        using LanguageModel model = Golden.Model("llama31", saes: "llama31");
        FeatureId feature = Firing(model, layer)[0];
        float[] direction = Golden.Tensor("direction.unit", "interventions", "llama31.safetensors");
        PromptRow row = new(
            [.. Long], InterventionSet.Of(Intervention.Ablate([feature], TokenScope.All), Intervention.ProjectOut(direction, TokenScope.All)));

        float[] under = model.Activations(row, layer, Ct);
        FeatureEffect effect = model.Forward([row], CaptureSpec.LastLogits, Ct)[0].Effects.Single();

        Assert.Equal(effect.MaxBefore, Enumerable.Range(0, Long.Length).Max(t => under[(t * (under.Length / Long.Length)) + feature.Index]), 1e-4);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Effects_OfValuesBelowZero_AreTheLargestInScopeAlone(int newTokens)
    {
        using LanguageModel model = Golden.Model("llama31", saes: "llama31");
        FeatureId[] features = Firing(model);

        ImmutableArray<FeatureEffect> Run(Intervention edit, int copies) => model.Generate(
            [.. Enumerable.Repeat(new PromptRow([.. Long], InterventionSet.Of(edit)), copies)],
            new GenerationOptions { MaxNewTokens = newTokens, IgnoreEos = true }, cancellation: Ct)[^1].Effects;

        // Two rows of one text have a pass of their own before they decode together.
        foreach (int copies in (int[])[1, 2])
        {
            Assert.All(Run(Intervention.Clamp(features, -1.5, TokenScope.At([3, 0, 5])), copies), e => Assert.Equal(-1.5, e.MaxAfter, 1e-5));
            ImmutableArray<FeatureEffect> scaled = Run(Intervention.Scale(features, -2, TokenScope.Bos), copies);
            Assert.All(scaled, e => Assert.Equal(-2 * e.MaxBefore, e.MaxAfter));
            Assert.Contains(scaled, e => e.MaxBefore > 0);
        }
    }

    [Fact]
    public void Effects_OfAScopeThatHoldsNoToken_AreZero()
    {
        using LanguageModel model = Golden.Model("llama31", saes: "llama31");
        PromptRow row = new([.. Short], InterventionSet.Of(Intervention.Clamp(Firing(model), -1, TokenScope.Generated)));

        Assert.All(model.Forward([row], CaptureSpec.LastLogits, Ct)[0].Effects, e => Assert.Equal((0, 0.0, 0.0), (e.TokensTouched, e.MaxBefore, e.MaxAfter)));
    }

    [Fact]
    public void Forward_ActiveTokens_KeepsTheLastOnes()
    {
        using LanguageModel model = Golden.Model("llama31", saes: "llama31");

        SparseActivations all = model.Forward([PromptRow.Plain(Long)], new CaptureSpec { ActiveLayers = [2] }, Ct)[0].Active[2];
        SparseActivations last = model.Forward([PromptRow.Plain(Long)], new CaptureSpec { ActiveLayers = [2], ActiveTokens = 2 }, Ct)[0].Active[2];

        Assert.Equal(2, last.Tokens);
        Assert.Equal(all.At(5), last.At(0));
        Assert.NotEmpty(all.At(6));
    }

    [Fact]
    public void Forward_ActiveLayersOfARaggedBatch_GiveEachRowItsOwnTokens()
    {
        using LanguageModel model = Golden.Model("llama31", saes: "llama31");
        CaptureSpec capture = new() { ActiveLayers = [1] };

        IReadOnlyList<ForwardResult> together = model.Forward([PromptRow.Plain(Short), PromptRow.Plain(Long)], capture, Ct);

        foreach ((ForwardResult result, int[] ids) in together.Zip([Short, Long]))
        {
            SparseActivations expected = model.Forward([PromptRow.Plain(ids)], capture, Ct)[0].Active[1], actual = result.Active[1];
            Assert.Equal(ids.Length, actual.Tokens);
            // A threshold of these dictionaries may be an activation to the last bit: such a feature fires or not by the order of summation.
            for (int t = 0; t < ids.Length; t++)
                Assert.InRange(expected.At(t).Select(a => a.Id).Except(actual.At(t).Select(a => a.Id)).Count(), 0, 1);
        }
    }

    [Fact]
    public void FeatureId_InJson_IsItsName()
    {
        Dictionary<FeatureId, FeatureId[]> value = new() { [new FeatureId(3, 17)] = [new FeatureId(12, 98914)] };

        string json = JsonSerializer.Serialize(value);

        Assert.Equal("""{"L3-17":["L12-98914"]}""", json);
        Assert.Equal(value[new FeatureId(3, 17)], JsonSerializer.Deserialize<Dictionary<FeatureId, FeatureId[]>>(json)![new FeatureId(3, 17)]);
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<FeatureId>("\"12-5\""));
    }

    private static FeatureId[] Firing(LanguageModel model, int layer = 0) =>
        [.. model.Forward([PromptRow.Plain(Long)], new CaptureSpec { ActiveLayers = [layer] }, Ct)[0].Active[layer].Features
            .Distinct().Take(5).Select(f => new FeatureId(layer, f))];

    private static float[] Dense(SparseActivations sparse, int features)
    {
        float[] dense = new float[sparse.Tokens * features];
        for (int t = 0; t < sparse.Tokens; t++)
        {
            foreach (FeatureWeight entry in sparse.At(t))
                dense[(t * features) + entry.Id] = entry.Value;
        }
        return dense;
    }
}
