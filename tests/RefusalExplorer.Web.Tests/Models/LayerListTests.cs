using RefusalExplorer.Web.Models;
using Xunit;

namespace RefusalExplorer.Web.Tests.Models;

public sealed class LayerListTests
{
    [Theory]
    [InlineData("2, 11-14", new[] { 2, 11, 12, 13, 14 })]
    [InlineData("5", new[] { 5 })]
    [InlineData(" 3 1;2,2 ", new[] { 1, 2, 3 })]
    [InlineData("7–8", new[] { 7, 8 })]
    public void Read_NumbersAndRanges(string text, int[] layers)
    {
        Assert.Equal(layers, LayerList.Read(text, out string? problem));
        Assert.Null(problem);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData(null)]
    public void Read_Nothing_IsAllLayers(string? text)
    {
        Assert.Null(LayerList.Read(text, out string? problem));
        Assert.Null(problem);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("4-2")]
    [InlineData("1-2-3")]
    [InlineData("-1")]
    [InlineData("0-99999999")]
    [InlineData("99999999999")]
    public void Read_AnythingElse_SaysWhatWasExpected(string text)
    {
        Assert.Null(LayerList.Read(text, out string? problem));
        Assert.Contains("for example 2, 11-14", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_JoinsNeighbours() => Assert.Equal("0–3, 5, 8, 9", LayerList.Text([9, 8, 5, 3, 2, 1, 0]));
}
