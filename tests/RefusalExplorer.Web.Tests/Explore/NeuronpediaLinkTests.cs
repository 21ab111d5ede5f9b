using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Explore;
using Xunit;

namespace RefusalExplorer.Web.Tests.Explore;

public sealed class NeuronpediaLinkTests
{
    private static readonly ModelChoice Gemma = new()
    {
        Name = "gemma",
        LayerCount = 26,
        Explained = new[] { 5, 11, 15 }.ToImmutableSortedDictionary(l => l, l => ExplainedSaes.Of(KnownModels.Gemma, l)!),
    };

    [Fact]
    public void Link_LeadsToTheSaeThatRuns_WhereNeuronpediaHasIt()
    {
        Assert.Equal(new("https://www.neuronpedia.org/gemma-2-2b/5-gemmascope-res-65k__l0-53/7", null), NeuronpediaLink.Of(Gemma, new(5, 7)));
        Assert.Equal(new("https://www.neuronpedia.org/gemma-2-2b/11-gemmascope-res-65k/7", null), NeuronpediaLink.Of(Gemma, new(11, 7)));
    }

    [Fact]
    public void Link_ToAnotherSae_SaysHowItDiffers() =>
        Assert.Equal("explains the SAE with L0 127; the one that runs has L0 68", NeuronpediaLink.Of(Gemma, new(15, 7))!.Difference);

    [Fact]
    public void NoLink_WhereTheModelOrTheLayerIsNotThere()
    {
        Assert.Null(NeuronpediaLink.Of(Gemma, new(20, 7)));
        Assert.Null(NeuronpediaLink.Of((ModelChoice?)null, new(5, 7)));
        Assert.Null(NeuronpediaLink.Of(new ModelChoice { Name = "demo", LayerCount = 30 }, new(5, 7)));
    }
}
