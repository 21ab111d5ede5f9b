using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Saes;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Hosting;

/// <summary>Models of one checkpoint, device and data type are views on one set of weights.</summary>
public sealed class SharedWeightsTests
{
    private static readonly FeatureId Feature = new(1, 3);
    private static readonly PromptRow Row = PromptRow.Plain([2, 355, 395, 74, 456, 17, 300]);
    private static readonly ModelSpec Plain = new() { Name = "llama31", Path = Golden.Path("models", "llama31") };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Model_SpecsThatDifferInRefusalTokensAndSaes_ShareTheWeightsAndKeepTheirOwn()
    {
        using var session = new EngineSession();

        LanguageModel first = session.Model(Plain with { RefusalTokens = [5] });
        LanguageModel second = session.Model(Plain with { RefusalTokens = [6], Saes = Saes("llama31") });
        LanguageModel third = session.Model(Plain with { Saes = Saes("gemma2") });

        Assert.Same(first.Weights, second.Weights);
        Assert.Same(first.Weights, third.Weights);
        Assert.Equal([5], first.RefusalTokens);
        Assert.Equal([6], second.RefusalTokens);
        Assert.Empty(first.SaeLayers);
        Assert.NotEqual(Activations(second), Activations(third));
        using LanguageModel alone = ModelLoader.Load(second.Spec);
        Assert.Equal(Activations(alone), Activations(second));
    }

    [Fact]
    public void Model_SpecsOfOneSae_OpenItOnceForEachGate()
    {
        using var session = new EngineSession();
        ModelSpec spec = Plain with { Saes = Saes("llama31") };

        Sae one = session.Model(spec).Sae(1);

        Assert.Same(one, session.Model(spec with { RefusalTokens = [5] }).Sae(1));
        Assert.NotSame(one, session.Model(spec with { GatingRule = SaeGatingRule.OpenMoss }).Sae(1));
    }

    [Fact]
    public void Model_AnotherTypeOrCheckpoint_HasItsOwnWeights()
    {
        using var session = new EngineSession();
        LanguageModel plain = session.Model(Plain);

        Assert.NotSame(plain.Weights, session.Model(Plain with { Dtype = "bfloat16" }).Weights);
        Assert.NotSame(plain.Weights, session.Model(new ModelSpec { Name = "llama31", Path = Golden.Path("models", "gemma2") }).Weights);
    }

    [Fact]
    public void Unload_OneOfTheModelsOnTheWeights_FreesThemAndTheyLoadAgain()
    {
        using var session = new EngineSession();
        LanguageModel first = session.Model(Plain);
        session.Model(Plain with { RefusalTokens = [5] });
        float[] before = first.Forward([Row], CaptureSpec.LastLogits, Ct)[0].LastLogits;

        session.Unload(Plain);

        Assert.False(session.IsLoaded(Plain));
        Assert.False(session.IsLoaded(Plain with { RefusalTokens = [5] }));
        Assert.ThrowsAny<Exception>(() => first.Forward([Row], CaptureSpec.LastLogits, Ct));
        Assert.Equal(before, session.Model(Plain).Forward([Row], CaptureSpec.LastLogits, Ct)[0].LastLogits);
    }

    [Fact]
    public void Dispose_OneOfTwoViewsEvenTwice_LeavesTheWeightsToTheOther()
    {
        LanguageModel first = ModelLoader.Load(Plain);
        using LanguageModel second = ModelLoader.View(Plain with { RefusalTokens = [5] }, first);
        float[] before = second.Forward([Row], CaptureSpec.LastLogits, Ct)[0].LastLogits;

        first.Dispose();
        first.Dispose();

        Assert.Equal(before, second.Forward([Row], CaptureSpec.LastLogits, Ct)[0].LastLogits);
    }

    private static float[] Activations(LanguageModel model) =>
        model.Forward([Row], new CaptureSpec { Features = [Feature] }, Ct)[0].Features[Feature];

    private static ImmutableSortedDictionary<int, string> Saes(string of) => ImmutableSortedDictionary<int, string>.Empty
        .Add(1, Golden.Path("saes", "gemmascope", of, "layer_1", "width_256", "average_l0_10"));
}
