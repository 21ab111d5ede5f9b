using RefusalExplorer.Engine;
using RefusalExplorer.Web.Explore;
using Xunit;

namespace RefusalExplorer.Web.Tests.Explore;

public sealed class FeatureTextTests
{
    [Theory]
    [InlineData("L12-98 L14-7")]
    [InlineData("12-98,14-7")]
    [InlineData("['L12-98', 'L14-7', 'L12-98']")]
    [InlineData("L12-98\r\nL14-7;\t")]
    public void Lists_AreReadAsPeoplePasteThem(string text) =>
        Assert.Equal([new FeatureId(12, 98), new FeatureId(14, 7)], FeatureText.Parse(text));

    [Theory]
    [InlineData("L12-98, nonsense", "'nonsense' is no feature")]
    [InlineData("  ", "no feature was given")]
    public void WhatIsNone_IsNamed(string text, string message) =>
        Assert.Contains(message, Assert.Throws<EngineException>(() => FeatureText.Parse(text)).Message, StringComparison.Ordinal);
}
