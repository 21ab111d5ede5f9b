using Bunit;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Components.Controls;
using Xunit;

namespace RefusalExplorer.Web.Tests.Controls;

public sealed class SensitiveTokensTests : WebTestContext
{
    private static readonly TokenView[] Tokens = [.. "a b c d e".Split(' ').Select((t, i) => new TokenView(i, t, t, false))];

    [Fact]
    public void OnlyHiddenTokens_AreBlurred()
    {
        IRenderedComponent<SensitiveTokens> tokens = Render<SensitiveTokens>(p => p.Add(c => c.Tokens, [.. Tokens]).Add(c => c.Hidden, [1..3, 4..5]));

        Assert.Equal("bce", string.Concat(tokens.FindAll(".blurred .token").Select(t => t.TextContent)));
        Assert.Equal("abcde", string.Concat(tokens.FindAll(".token").Select(t => t.TextContent)));
    }

    [Fact]
    public void Click_GivesThePlaceInTheWholeSequence_AndValuesStayWithTheirTokens()
    {
        int? selected = null;
        IRenderedComponent<SensitiveTokens> tokens = Render<SensitiveTokens>(p => p
            .Add(c => c.Tokens, [.. Tokens]).Add(c => c.Hidden, [1..3]).Add(c => c.Values, [0f, 0f, 0f, 2f]).Add(c => c.Maximum, 4d).Add(c => c.OnSelect, i => selected = i));

        tokens.FindAll(".token")[3].Click();

        Assert.Equal(3, selected);
        Assert.Equal("--a:0.5", tokens.FindAll(".token")[3].GetAttribute("style"));
    }
}
