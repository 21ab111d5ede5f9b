using Bunit;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Web.Components.Pages.Annotations;
using Xunit;

namespace RefusalExplorer.Web.Tests.Annotations;

public sealed class AnnotationEditorTests : WebTestContext
{
    [Fact]
    public void Labels_ArePrintedWithTheirKeys_AndThoseGivenArePressed()
    {
        var editor = Render<AnnotationEditor>(p => p.Add(e => e.Codebook, Codebook.Paper).Add(e => e.Labels, ["Legal"]));

        Assert.Equal(Codebook.Paper.Labels.Select(l => l.Key), editor.FindAll(".label-key kbd").Select(k => k.TextContent));
        Assert.Equal("Legal", Assert.Single(editor.FindAll(".label-key[aria-pressed='true']")).GetAttribute("data-label"));
    }

    [Fact]
    public void Click_OnALabel_GivesIt_AndLeavesEnterToThePage()
    {
        CodebookLabel? given = null;
        var editor = Render<AnnotationEditor>(p => p.Add(e => e.Codebook, Codebook.Paper).Add(e => e.OnToggle, l => given = l));

        editor.Find("[data-label='None']").Click();

        Assert.Equal("0", given!.Key);
        Assert.All(editor.FindAll(".label-key"), b => Assert.Equal("page", b.GetAttribute("data-enter")));
    }

    [Fact]
    public void Label_ThatTheCodebookLost_IsStillShown()
    {
        var editor = Render<AnnotationEditor>(p => p.Add(e => e.Codebook, Codebook.Paper).Add(e => e.Labels, ["Weather"]));

        Assert.Contains("Weather is not in the codebook", editor.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Confidence_ClickedAgain_IsTakenBack()
    {
        double? said = -1;
        var editor = Render<AnnotationEditor>(p => p.Add(e => e.Codebook, Codebook.Paper).Add(e => e.Confidence, 0.5).Add(e => e.OnConfidence, c => said = c));

        editor.FindAll("button").Single(b => b.TextContent == "50%").Click();
        Assert.Null(said);
        editor.FindAll("button").Single(b => b.TextContent == "75%").Click();
        Assert.Equal(0.75, said);
    }
}
