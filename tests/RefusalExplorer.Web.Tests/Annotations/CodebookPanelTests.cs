using Bunit;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Web.Components.Pages.Annotations;
using RefusalExplorer.Web.Tests.Features;
using Xunit;

namespace RefusalExplorer.Web.Tests.Annotations;

public sealed class CodebookPanelTests : MeaningContext
{
    private int _saved;

    [Fact]
    public async Task Edited_AddedAndRemovedLabels_AreSaved()
    {
        IRenderedComponent<CodebookPanel> panel = Show();
        int before = Codebook.Paper.Labels.Length;

        panel.Find("[aria-label='Name of label 1']").Change("Brackets");
        panel.Find("[aria-label='Remove Programming']").Click();
        panel.FindAll("button").Single(b => b.TextContent == "Add a label").Click();
        panel.Find($"[aria-label='Key of label {before}']").Change("w");
        panel.Find($"[aria-label='Name of label {before}']").Change("Weather");
        panel.Find($"[aria-label='Label {before} stands alone']").Change(true);
        await panel.Find("[data-save-codebook]").ClickAsync(new());

        Codebook kept = Get<Codebooks>().Current;
        Assert.Equal(1, _saved);
        Assert.Equal(new CodebookLabel("1", "Brackets", Codebook.Paper.Labels[0].Description), kept.Labels[0]);
        Assert.DoesNotContain(kept.Labels, l => l.Name == "Programming");
        Assert.Equal(new CodebookLabel("w", "Weather", "", Exclusive: true), kept.Labels[^1]);
        Assert.Equal(before, kept.Labels.Length);
    }

    [Theory]
    [InlineData("Key of label 1", "2", "have the same key")]
    [InlineData("Key of label 1", "u", "its key is 'u'")]
    [InlineData("Name of label 1", "programming", "have the same name")]
    [InlineData("Name of label 1", "", "expected a name")]
    public async Task Mistake_IsSaidInOneLine_AndNothingIsSaved(string field, string value, string said)
    {
        IRenderedComponent<CodebookPanel> panel = Show();

        panel.Find($"[aria-label='{field}']").Change(value);
        await panel.Find("[data-save-codebook]").ClickAsync(new());

        Assert.Contains(said, panel.Find("[data-error]").TextContent, StringComparison.Ordinal);
        Assert.Equal(0, _saved);
        Assert.Equal(Codebook.Paper.Labels, Get<Codebooks>().Current.Labels);
    }

    [Fact]
    public void PapersGroups_ComeBack()
    {
        IRenderedComponent<CodebookPanel> panel = Show();
        panel.Find("[aria-label='Remove Legal']").Click();

        panel.FindAll("button").Single(b => b.TextContent == "The paper's groups").Click();

        Assert.Equal(Codebook.Paper.Labels.Select(l => l.Name), panel.FindAll("[aria-label^='Name of label']").Select(i => i.GetAttribute("value")));
    }

    private IRenderedComponent<CodebookPanel> Show() =>
        Render<CodebookPanel>(p => p.Add(c => c.Current, Codebook.Paper).Add(c => c.OnSaved, () => _saved++));
}
