using RefusalExplorer.Pipeline.Dashboards;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Dashboards;

public sealed class DashboardPaceTests
{
    private readonly Clock _clock = new();

    [Fact]
    public void Pace_CountsFromWhereThisPassBegan()
    {
        var pace = new DashboardPace(_clock);
        Assert.Null(Text(pace, new DashboardProgress("loading the model", 0, 1, "models", 0), 0));
        Assert.Null(Text(pace, new DashboardProgress("reading the corpus", 5000, 10_000, "tokens", 0.4), 30));

        Assert.Equal("100 tokens a second · 60 s left", Text(pace, new DashboardProgress("reading the corpus", 7000, 10_000, "tokens", 0.55), 20));
    }

    [Fact]
    public void Pace_OfANewPhase_HasARateOfItsOwn_AndTheTimeOfAll()
    {
        var pace = new DashboardPace(_clock);
        Text(pace, new DashboardProgress("reading the corpus", 0, 10_000, "tokens", 0), 0);
        Text(pace, new DashboardProgress("reading the corpus", 10_000, 10_000, "tokens", 0.8), 400);

        Assert.Equal("2 min left", Text(pace, new DashboardProgress("layer 8", 0, 3072, "features", 0.8), 0));
        Assert.Equal("256 features a second · 76 s left", Text(pace, new DashboardProgress("layer 8", 3072, 3072, "features", 0.844), 12));
    }

    private string? Text(DashboardPace pace, DashboardProgress progress, double after)
    {
        _clock.Now += TimeSpan.FromSeconds(after);
        pace.Add(progress);
        return pace.Text(progress);
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
