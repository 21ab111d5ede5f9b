using RefusalExplorer.Pipeline.Catalog;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Catalog;

public sealed class ExplainedSaeTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    public void PaperSae_ThatIsTheCanonicalOne_HasNoBadge(int layer) =>
        Assert.Equal(new ExplainedSae("gemma-2-2b", $"{layer}-gemmascope-res-65k", true), ExplainedSaes.Of(KnownModels.Gemma, layer));

    [Fact]
    public void PaperSae_OfLayer5_IsExplainedUnderItsOwnName() =>
        Assert.Equal(new ExplainedSae("gemma-2-2b", "5-gemmascope-res-65k__l0-53", true), ExplainedSaes.Of(KnownModels.Gemma, 5));

    [Theory]
    [InlineData(0, 73, 43)]
    [InlineData(1, 121, 54)]
    [InlineData(10, 128, 66)]
    [InlineData(15, 127, 68)]
    public void PaperSae_ThatIsAnotherOne_SaysBothL0s(int layer, int canonical, int running)
    {
        ExplainedSae explained = ExplainedSaes.Of(KnownModels.Gemma, layer)!;
        Assert.Equal(($"{layer}-gemmascope-res-65k", false), (explained.Source, explained.Same));
        Assert.Equal($"explains the SAE with L0 {canonical}; the one that runs has L0 {running}", explained.Difference);
    }

    [Fact]
    public void PaperModel_OnlySixOfSixteenLayersAreExplained() =>
        Assert.Equal([2, 5, 11, 12, 13, 14], Enumerable.Range(0, 16).Where(l => ExplainedSaes.Of(KnownModels.Gemma, l)!.Same == true));

    [Fact]
    public void OwnGemmaScopeSae_OfAnotherWidth_IsLookedUpByThatWidth()
    {
        ConfiguredModel own = KnownModels.Gemma with { SaePaths = KnownModels.Gemma.SaePaths.SetItem(7, "layer_7/width_16k/average_l0_69/params.npz") };
        Assert.Equal(new ExplainedSae("gemma-2-2b", "7-gemmascope-res-16k", true), ExplainedSaes.Of(own, 7));
    }

    [Fact]
    public void LlamaScope_IsTheExplainedOneAtTheSameWidthAlone()
    {
        Assert.Equal(new ExplainedSae("llama3.1-8b", "13-llamascope-res-131k", true), ExplainedSaes.Of(KnownModels.Llama, 13));
        ConfiguredModel narrow = KnownModels.Llama with { SaeRepo = "fnlp/Llama3_1-8B-Base-LXR-8x", Saes = "Llama3_1-8B-Base-L{l}R-8x" };
        Assert.False(ExplainedSaes.Of(narrow, 13)!.Same);
    }

    [Fact]
    public void UnknownPairing_SaysNeither_AndNoModelHasNone()
    {
        ConfiguredModel local = KnownModels.Gemma with { SaePaths = KnownModels.Gemma.SaePaths.SetItem(3, "/data/my-sae/3") };
        Assert.Null(ExplainedSaes.Of(local, 3)!.Same);
        Assert.Null(ExplainedSaes.Of(DemoModel.Configuration, 3));
    }
}
