using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Web.Live;
using Xunit;

namespace RefusalExplorer.Web.Tests.Live;

public sealed class LiveStateTests
{
    [Fact]
    public void Messages_AreCounted_WhetherTheyWereAnsweredOrNot()
    {
        LiveState state = new LiveState()
            .After(new LiveEvent.Said("one", false)).After(new LiveEvent.Wrote(LiveSide.Baseline, "an answer"))
            .After(new LiveEvent.Said("two", false)).After(new LiveEvent.Said("three", false));

        Assert.Equal(3, state.Baseline.Messages);
    }

    [Fact]
    public void Sliders_ReadTheSame_ForTheAudience()
    {
        LiveState state = new LiveState().After(new LiveEvent.Moved([new LiveSlider(new FeatureId(12, 98), 86.376, -3, On: true), new LiveSlider(new FeatureId(1, 2), 5)], TokenScope.All));

        Assert.Equal([("−3×", "raw −259.1"), ("free", "1× = 5")], WatchView.Of(state).Sliders.Select(s => (s.Units, s.Raw)));
    }
}
