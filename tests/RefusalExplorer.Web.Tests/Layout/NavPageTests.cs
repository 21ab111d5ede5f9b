using RefusalExplorer.Web.Components.Layout;
using Xunit;

namespace RefusalExplorer.Web.Tests.Layout;

public sealed class NavPageTests
{
    [Theory]
    [InlineData("/", "Explore")]
    [InlineData("/?k=3", "Explore")]
    [InlineData("/explore/some-run", "Explore")]
    [InlineData("/runs", "Runs")]
    [InlineData("/runs/compare?a=1&b=2", "Runs")]
    public void OnePageCoversEachAddress(string path, string title) =>
        Assert.Equal(title, Assert.Single(NavPage.All, p => p.Covers(path)).Title);

    [Fact]
    public void UnknownAddress_IsCoveredByNone() => Assert.DoesNotContain(NavPage.All, p => p.Covers("/no/such/page"));
}
