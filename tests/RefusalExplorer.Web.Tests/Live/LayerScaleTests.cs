using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Live;
using RefusalExplorer.Web.Live;
using Xunit;

namespace RefusalExplorer.Web.Tests.Live;

public sealed class LayerScaleTests
{
    [Fact]
    public void Ends_GrowWithWhatIsRead_AndNeverShrink()
    {
        LayerScale scale = LayerScale.Start.With(Reading([2e-7f, 0, 0.9f], [0.02f, -0.131f]));
        Assert.Equal((-7, "1e-7"), (scale.Decade, scale.Least));
        Assert.Equal((0.15, "0.15"), (scale.Reach, scale.Most));

        Assert.Equal(scale, scale.With(Reading([0.5f], [0.01f, float.NaN])));
        Assert.Equal(1, scale.With(Reading([], [-1.0000001f])).Reach);
    }

    [Fact]
    public void SmallCosines_AreNotBlownUp() => Assert.Equal(0.1, LayerScale.Start.With(Reading([1], [0.001f])).Reach);

    [Fact]
    public void AProbabilityOfNothing_LiesAtTheBottom() =>
        Assert.Equal("0,100 300,0", LayerPath.Points(LayerScale.Decades(Reading([0, 1], [])), -3, 0));

    private static LiveReading Reading(ImmutableArray<float> byLayer, ImmutableArray<float> cosine) =>
        new() { RefusalProbability = 0.5, RefusalProbabilityByLayer = byLayer, Cosine = cosine };
}
