using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Runs;
using Xunit;

namespace RefusalExplorer.Web.Tests.Runs;

public sealed class RunFilterTests
{
    private static readonly RunHeader[] Runs = [Made("1", "50 features ablated · harmful_test 4", RunStatus.Finished), Made("2", "no edit · own prompt", RunStatus.Failed)];

    [Theory]
    [InlineData("ABLATED harmful", "1")]
    [InlineData("own", "2")]
    [InlineData("own ablated", "")]
    [InlineData("", "12")]
    public void Words_MayStandInAnyOrder(string text, string expected) =>
        Assert.Equal(expected, string.Concat(new RunFilter(text).Apply(Runs).Select(r => r.Id)));

    [Fact]
    public void Filter_ComesBackFromTheAddress()
    {
        var filter = new RunFilter("a & b", "experiment", RunStatus.Interrupted);
        Assert.Equal(filter, RunFilter.FromQuery(filter.ToQuery()));
        Assert.Equal("", new RunFilter().ToQuery());
        Assert.Null(RunFilter.FromQuery("?status=nonsense").Status);
    }

    [Fact]
    public void Links_LeadToTheKindsOwnPage_OrNowhere()
    {
        Assert.Equal("/explore/1", RunLinks.Of(Runs[0]));
        Assert.Null(RunLinks.Of(Runs[0] with { Kind = "unheard-of" }));
    }

    private static RunHeader Made(string id, string title, RunStatus status) =>
        new() { Id = id, Kind = "experiment", Model = "demo", Title = title, CreatedAt = DateTimeOffset.UnixEpoch, Status = status };
}
