using RefusalExplorer.Engine.Tokenizers;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Tokenizers;

public sealed class UnicodeFormsTests
{
    [Theory]
    [InlineData("wo\u0308rld", "w\u00F6rld")]
    [InlineData("w\u00F6rld", "w\u00F6rld")]
    [InlineData("e\u0301e\u0301e\u0301", "\u00E9\u00E9\u00E9")]
    [InlineData("q\u0323\u0307 a\u0323\u0302", "q\u0323\u0307 \u1EAD")]
    [InlineData("\u1112\u1161\u11AB", "\uD55C")]
    [InlineData("\u212B", "\u00C5")]
    [InlineData("plain", "plain")]
    public void Nfc_IsAsUnicodeHasIt(string text, string composed) => Assert.Equal(composed, UnicodeForms.Normalize(text, compatible: false, compose: true));

    [Theory]
    [InlineData("\u00E9\uD55C", "e\u0301\u1112\u1161\u11AB")]
    public void Nfd_IsAsUnicodeHasIt(string text, string decomposed) => Assert.Equal(decomposed, UnicodeForms.Normalize(text, compatible: false, compose: false));

    [Fact]
    public void Nfkc_FoldsCompatibleForms() => Assert.Equal("fi2A\u00E9", UnicodeForms.Normalize("\uFB01\u00B2\uFF21e\u0301", compatible: true, compose: true));
}
