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
}
