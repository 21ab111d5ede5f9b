using RefusalExplorer.Engine.Tests.Tokenizers;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Engine.Tokenizers.Jinja;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Fuzz;

public sealed class TemplateFuzzTests
{
    private static readonly ChatMessage[] Messages = [new("system", "s"), new("user", "Hi {{ 7 }}"), new("assistant", "a\n"), new("user", "b")];

    // A template raises errors of its own, whose words are its author's.
    [Theory]
    [InlineData("gemma2", 4000)]
    [InlineData("llama31", 2500)]
    [InlineData("smol", 4000)]
    public void DamagedTemplate_IsRenderedOrRefused(string golden, int times)
    {
        string source = TokenizerGolden.Read(golden).ChatTemplate;
        Survival.Check(times, m =>
        {
            string damaged = m.Text(source);
            return () => new ChatTemplate("fuzzed", damaged, "<bos>", "<eos>").Render(Messages);
        }, oneLine: false);
    }

    [Theory]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}x{% endfor %}{% endfor %}{% endfor %}")]
    [InlineData("{% set ns = namespace(s='xxxxxxxxxx') %}{% for a in range(90) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}")]
    [InlineData("{{ 'x' * 999999999999 }}")]
    [InlineData("{{ [1] * 2000000000 }}")]
    [InlineData("{{ 10 ** 10 ** 10 }}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}")]
    [InlineData("{{ 'a'.join(range(99999)) * 99999 }}")]
    [InlineData("{{ 'aaaa'.replace('', 'bbbbbbbbbbbbbbbbbbbbbbb' * 9999) * 99999 }}")]
    public void Bomb_IsRefused(string source) => Assert.ThrowsAny<EngineException>(() => new ChatTemplate("bomb", source, null, null).Render(Messages));

    [Theory]
    [InlineData("(", ")", "1")]
    [InlineData("[", "]", "1")]
    [InlineData("not ", "", "1")]
    [InlineData("- ", "", "1")]
    [InlineData("{'a':", "}", "1")]
    public void DeepExpression_IsRefused_NotAStackOverflow(string open, string close, string inside)
    {
        string source = "{{ " + string.Concat(Enumerable.Repeat(open, 50_000)) + inside + string.Concat(Enumerable.Repeat(close, 50_000)) + " }}";
        Assert.ThrowsAny<EngineException>(() => JinjaTemplate.Parse(source).Render(new Dictionary<string, object?>()));
    }

    [Theory]
    [InlineData("{% if a %}", "{% endif %}")]
    [InlineData("{% for a in b %}", "{% endfor %}")]
    public void DeepBlocks_AreRefused_NotAStackOverflow(string open, string close)
    {
        string source = string.Concat(Enumerable.Repeat(open, 50_000)) + string.Concat(Enumerable.Repeat(close, 50_000));
        Assert.ThrowsAny<EngineException>(() => JinjaTemplate.Parse(source).Render(new Dictionary<string, object?>()));
    }

    [Theory]
    [InlineData("+ 1")]
    [InlineData("~ 'a'")]
    [InlineData("| trim")]
    [InlineData(".a")]
    [InlineData("[0]")]
    [InlineData("and 1")]
    [InlineData("if 1 else 2")]
    [InlineData("== 1")]
    public void LongChain_IsAnswered_NotAStackOverflow(string link)
    {
        string source = "{{ 1 " + string.Concat(Enumerable.Repeat(link + " ", 100_000)) + "}}";
        try
        {
            JinjaTemplate.Parse(source).Render(new Dictionary<string, object?>());
        }
        catch (EngineException e)
        {
            Assert.Contains("chat template, line 1", e.Message, StringComparison.Ordinal);
        }
    }
}
