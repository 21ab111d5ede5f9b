using Bunit;
using RefusalExplorer.Web.Components.Controls;
using Xunit;

namespace RefusalExplorer.Web.Tests.Controls;

public sealed class SensitiveTextTests : WebTestContext
{
    [Fact]
    public void Text_IsBlurredUntilRevealed()
    {
        IRenderedComponent<SensitiveText> text = Render<SensitiveText>(p => p.Add(c => c.Key, 1).AddChildContent("words"));
        Assert.NotEmpty(text.FindAll(".blurred"));

        text.Find("button.reveal").Click();

        Assert.Empty(text.FindAll(".blurred"));
        Assert.Contains("words", text.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherText_IsBlurredAgain()
    {
        IRenderedComponent<SensitiveText> text = Render<SensitiveText>(p => p.Add(c => c.Key, 1).AddChildContent("words"));
        text.Find("button.reveal").Click();

        text.Render(p => p.Add(c => c.Key, 2).AddChildContent("others"));

        Assert.NotEmpty(text.FindAll(".blurred"));
    }

    [Fact]
    public void HarmlessText_IsShownAtOnce()
    {
        IRenderedComponent<SensitiveText> text = Render<SensitiveText>(p => p.Add(c => c.Sensitive, false).AddChildContent("words"));

        Assert.Empty(text.FindAll(".blurred"));
    }
}
