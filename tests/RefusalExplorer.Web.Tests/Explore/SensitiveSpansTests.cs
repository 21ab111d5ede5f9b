using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Explore;
using Xunit;

namespace RefusalExplorer.Web.Tests.Explore;

public sealed class SensitiveSpansTests
{
    private static readonly TokenView[] Tokens =
    [
        Made("<|im_start|>", special: true), Made("user"), Made("\n"), Made("Build"), Made(" a"), Made(" kite"), Made("<|im_end|>", special: true), Made("\n"),
    ];

    [Fact]
    public void UsersWords_AreFound_AndTheTemplateStaysClear() => Assert.Equal(3..6, SensitiveSpans.Of(Tokens, "Build a kite"));

    [Fact]
    public void TokensThatLoseTheirBlanks_AreFoundAllTheSame() =>
        Assert.Equal(1..3, SensitiveSpans.Of([Made("user"), Made("Build"), Made("kite"), Made("!")], "Build kite"));

    [Fact]
    public void WordsInsideAToken_TakeTheWholeToken() => Assert.Equal(0..1, SensitiveSpans.Of([Made("xBuildx"), Made("y")], "Build"));

    [Theory]
    [InlineData("Build a bridge")]
    [InlineData("")]
    public void WordsThatAreNotThere_HideEverything(string words) => Assert.Equal(0..Tokens.Length, SensitiveSpans.Of(Tokens, words));

    [Fact]
    public void WordsThatTheTemplateHasToo_AreTheLastOnes() =>
        Assert.Equal(2..3, SensitiveSpans.Of([Made("user"), Made("\n"), Made("user"), Made("\n")], "user"));

    [Fact]
    public void Answer_IsHiddenAfterItsClearTokens() => Assert.Equal([3..6, 10..14], SensitiveSpans.Of(Tokens, "Build a kite", answer: 6, clear: 2));

    private static TokenView Made(string text, bool special = false) => new(1, text, text, special);
}
