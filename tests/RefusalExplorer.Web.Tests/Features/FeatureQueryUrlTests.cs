using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Features;
using Xunit;

namespace RefusalExplorer.Web.Tests.Features;

public sealed class FeatureQueryUrlTests
{
    [Fact]
    public void Write_OfTheDefault_IsEmpty() => Assert.Equal("", FeatureQueryUrl.Write(new FeatureQuery()));

    [Fact]
    public void Read_OfWhatWasWritten_IsTheSame()
    {
        var query = new FeatureQuery
        {
            Model = "gemma-2-2b-it",
            Direction = "mean-difference/x y",
            Layers = [3, 12],
            Cosine = new Bounds(-0.25f, null),
            Density = new Bounds(null, 1e-4f),
            Text = "\"police spokesman\" & guns*",
            Label = "Harm/Violence/Safety",
            Annotator = FeatureQuery.Nobody,
            Study = "paper-1",
            Order = FeatureOrder.Density,
            Descending = false,
        };

        (FeatureQuery read, FeatureId? selected, var problems) = FeatureQueryUrl.Read(FeatureQueryUrl.Write(query, new FeatureId(12, 98914)));

        Assert.Equal(query, read);
        Assert.Equal(new FeatureId(12, 98914), selected);
        Assert.Empty(problems);
    }

    [Theory]
    [InlineData("?layers=3,x", "address, layers=3,x: 'x' is no layer")]
    [InlineData("?cos=NaN~", "address, cos=NaN~: 'NaN' is no number")]
    [InlineData("?sort=size", "address, sort=size: expected feature, cosine")]
    [InlineData("?f=12", "address, f=12")]
    public void Read_OfSomethingElse_SaysSoAndLeavesTheRest(string url, string said)
    {
        (FeatureQuery query, FeatureId? selected, var problems) = FeatureQueryUrl.Read(url + "&q=law");

        Assert.StartsWith(said, Assert.Single(problems), StringComparison.Ordinal);
        Assert.Equal(new FeatureQuery { Text = "law" }, query);
        Assert.Null(selected);
    }

    [Fact]
    public void ExploreLink_PutsTheFeaturesIntoTheCart()
    {
        string link = ExploreLinks.To("demo", [new FeatureId(20, 7), new FeatureId(8, 1)], InterventionOp.Clamp);

        ExploreState state = ExploreUrl.Read(link[1..], out var problems);
        CartGroup group = Assert.Single(state.Groups);
        Assert.Equal((InterventionOp.Clamp, GroupSource.Named), (group.Op, group.Source));
        Assert.Equal([new FeatureId(20, 7), new FeatureId(8, 1)], group.Features);
        Assert.Equal(new FeatureId(20, 7), state.Selected);
        Assert.Empty(problems);
    }
}
