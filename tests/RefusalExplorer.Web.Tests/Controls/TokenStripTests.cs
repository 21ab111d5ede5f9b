using AngleSharp.Dom;
using Bunit;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Components.Controls;
using Xunit;

namespace RefusalExplorer.Web.Tests.Controls;

public sealed class TokenStripTests : WebTestContext
{
    private static readonly TokenView[] Tokens =
    [
        new(1, "<|im_start|>", "<|im_start|>", true),
        new(2, "user\n", "userĊ", false),
        new(3, " fire", "Ġfire", false),
    ];

    [Fact]
    public void Opacity_IsActivationOverMaximum_WithAFloor()
    {
        IRenderedComponent<TokenStrip> strip = Render<TokenStrip>(p => p
            .Add(c => c.Tokens, [.. Tokens]).Add(c => c.Values, [0f, 0.01f, 2f]).Add(c => c.Maximum, 4));

        string?[] styles = [.. strip.FindAll(".token").Select(t => t.GetAttribute("style"))];
        Assert.Equal([null, "--a:0.05", "--a:0.5"], styles);
    }

    [Fact]
    public void Sink_HasNoColour_AndSaysWhatItIs_WhereTheStripBeginsTheSequence()
    {
        IRenderedComponent<TokenStrip> strip = Render<TokenStrip>(p => p
            .Add(c => c.Tokens, [.. Tokens]).Add(c => c.Values, [90f, 1f, 2f]).Add(c => c.Maximum, 4).Add(c => c.Sink, true));

        Assert.Equal([null, "--a:0.25", "--a:0.5"], strip.FindAll(".token").Select(t => t.GetAttribute("style")));
        Assert.Contains("attention sink", strip.FindAll(".token")[0].GetAttribute("title"), StringComparison.Ordinal);

        strip.Render(p => p.Add(c => c.Offset, 3));
        Assert.Equal("--a:1", strip.FindAll(".token")[0].GetAttribute("style"));
    }

    [Fact]
    public void SpecialTokens_AreShownDimmed()
    {
        IRenderedComponent<TokenStrip> strip = Render<TokenStrip>(p => p.Add(c => c.Tokens, [.. Tokens]));

        IElement special = Assert.Single(strip.FindAll(".token.special"));
        Assert.Equal("<|im_start|>", special.TextContent);
    }

    [Fact]
    public void NewLine_IsAnArrow()
    {
        IRenderedComponent<TokenStrip> strip = Render<TokenStrip>(p => p.Add(c => c.Tokens, [.. Tokens]));

        Assert.Equal("user↵", strip.FindAll(".token")[1].TextContent);
    }

    [Fact]
    public void Click_SelectsTheToken()
    {
        int? selected = null;
        IRenderedComponent<TokenStrip> strip = Render<TokenStrip>(p => p
            .Add(c => c.Tokens, [.. Tokens]).Add(c => c.OnSelect, i => selected = i));

        strip.FindAll("[role=button].token")[2].Click();

        Assert.Equal(2, selected);
    }
}
