using RefusalExplorer.Engine.Interventions;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Interventions;

public sealed class TokenScopeTests
{
    // Prompt of 4 tokens (0 special), then 2 generated.
    [Theory]
    [InlineData("all", "0 1 2 3 4 5")]
    [InlineData("allButFirst", "1 2 3 4 5")]
    [InlineData("bos", "0")]
    [InlineData("special", "0 5")]
    [InlineData("prompt", "0 1 2 3")]
    [InlineData("generated", "4 5")]
    [InlineData("last:2", "2 3")]
    [InlineData("positions:1,4", "1 4")]
    public void Covers_EachKind_IsAsNamed(string text, string expected)
    {
        TokenScope scope = TokenScope.Parse(text);

        IEnumerable<int> covered = Enumerable.Range(0, 6).Where(p => scope.Covers(p, promptLength: 4, isSpecial: p is 0 or 5));

        Assert.Equal(expected, string.Join(' ', covered));
        Assert.Equal(scope, TokenScope.Parse(scope.ToString()));
    }

    [Theory]
    [InlineData("everything")]
    [InlineData("last:0")]
    [InlineData("last:x")]
    [InlineData("positions")]
    [InlineData("positions:-1")]
    [InlineData("all:xyz")]
    [InlineData("all:")]
    [InlineData("bos junk")]
    [InlineData("allButFirst=2")]
    public void Parse_UnknownText_SaysWhatWasExpected(string text)
    {
        EngineException e = Assert.Throws<EngineException>(() => TokenScope.Parse(text));

        Assert.StartsWith("scope ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("all")]
    [InlineData("last:2")]
    [InlineData("positions:3")]
    public void Parse_PositionsOfAnotherScope_AreRefused(string text)
    {
        Assert.Contains("positions", Assert.Throws<EngineException>(() => TokenScope.Parse(text, [1])).Message, StringComparison.Ordinal);
        Assert.Equal(TokenScope.At([1]), TokenScope.Parse("positions", [1]));
    }

    [Theory]
    [InlineData("L12-98914", 12, 98914)]
    [InlineData(" l0-0 ", 0, 0)]
    public void FeatureId_Parse_ReadsLayerAndIndex(string text, int layer, int index)
    {
        Assert.Equal(new FeatureId(layer, index), FeatureId.Parse(text));
    }

    [Theory]
    [InlineData("12-5")]
    [InlineData("L-5")]
    [InlineData("L1-")]
    [InlineData("L1--5")]
    [InlineData("")]
    public void FeatureId_Parse_BadText_ShowsTheForm(string text)
    {
        Assert.Contains("L12-98914", Assert.Throws<FormatException>(() => FeatureId.Parse(text)).Message, StringComparison.Ordinal);
    }
}
