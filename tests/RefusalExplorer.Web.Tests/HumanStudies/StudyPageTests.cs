using Bunit;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.HumanStudies;
using RefusalExplorer.Web.Components.Pages.HumanStudies;
using Xunit;

namespace RefusalExplorer.Web.Tests.HumanStudies;

public sealed class StudyPageTests : WebTestContext
{
    private readonly HumanStudyService _service = new(new FullDocumentStore(), TimeProvider.System);

    public StudyPageTests() => Services.AddSingleton(_service);

    private static CancellationToken Ct => Xunit.TestContext.Current.CancellationToken;

    [Fact]
    public async Task OpenStudy_ShowsProgress_AndHidesLabelsAndAnswers()
    {
        string token = await InviteAsync("Ada");
        await AnswerAsync(token, "fraud");

        IRenderedComponent<HumanStudyPage> page = RenderPage<HumanStudyPage>(p => p.Add(c => c.Id, "s1"));

        Assert.Equal("1", page.Find("[data-annotator='1']").GetAttribute("data-answered"));
        Assert.DoesNotContain("L16-", page.Markup, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-export-csv], [data-study-results]"));
        Assert.Contains("Hidden until the study is closed", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_FollowsTheAnswers()
    {
        string token = await InviteAsync("Ada");
        IRenderedComponent<HumanStudyPage> page = RenderPage<HumanStudyPage>(p => p.Add(c => c.Id, "s1"));

        await AnswerAsync(token);

        page.WaitForAssertion(() => Assert.Equal("1", page.Find("[data-annotator='1']").GetAttribute("data-answered")));
    }

    [Fact]
    public async Task Invite_ShowsTheLinkOnce_AndItOpens()
    {
        await _service.CreateAsync(Studies.Small(), Ct);
        IRenderedComponent<HumanStudyPage> page = RenderPage<HumanStudyPage>(p => p.Add(c => c.Id, "s1"));

        await page.Find("#annotator").ChangeAsync(new() { Value = "Ada" });
        await page.Find("form.invite").SubmitAsync();

        string link = page.Find("[data-link]").GetAttribute("value")!;
        Assert.True(_service.TryView(new Uri(link).Segments[^1], out AnnotatorView? view));
        Assert.Equal("Ada", view.Annotator);
        Assert.NotNull(page.Find(".invitation [role='img'] svg"));

        await page.Find("#annotator").ChangeAsync(new() { Value = "Ada" });
        await page.Find("form.invite").SubmitAsync();
        Assert.Contains("already invited", page.Find("[data-error]").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("data-link", Render<HumanStudyPage>(p => p.Add(c => c.Id, "s1")).Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Close_AsksFirst_ThenShowsResultsAndExports()
    {
        string first = await InviteAsync("Ada");
        string second = (await _service.InviteAsync("s1", "Eve", Ct)).Token;
        for (int i = 0; i < 4; i++)
        {
            await AnswerAsync(first, "fraud");
            await AnswerAsync(second, i == 0 ? [] : ["fraud"]);
        }
        IRenderedComponent<HumanStudyPage> page = RenderPage<HumanStudyPage>(p => p.Add(c => c.Id, "s1"));

        await page.Find("[data-ask='close']").ClickAsync();
        Assert.Contains("No more answers are taken", page.Find(".confirm").TextContent, StringComparison.Ordinal);
        await page.Find("[data-confirm='close']").ClickAsync();

        page.WaitForElement("[data-study-results='ready']", TimeSpan.FromSeconds(30));
        Assert.Contains("of 2 catch trials were failed", page.Markup, StringComparison.Ordinal);
        Assert.NotEmpty(page.FindAll("[data-export-csv]"));
        Assert.Empty(page.FindAll("form.invite"));
    }

    [Fact]
    public async Task StudyWithoutTwoAnswersToAnything_SaysSo()
    {
        await InviteAsync("Ada");
        await _service.CloseAsync("s1", Ct);

        IRenderedComponent<HumanStudyPage> page = RenderPage<HumanStudyPage>(p => p.Add(c => c.Id, "s1"));

        page.WaitForAssertion(() => Assert.Contains("nothing to compare", page.Find("[data-error]").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public void UnknownStudy_SaysSo() =>
        Assert.Contains("There is no such study", RenderPage<HumanStudyPage>(p => p.Add(c => c.Id, "nowhere")).Markup, StringComparison.Ordinal);

    private async Task<string> InviteAsync(string name)
    {
        await _service.CreateAsync(Studies.Small(), Ct);
        return (await _service.InviteAsync("s1", name, Ct)).Token;
    }

    private async Task AnswerAsync(string token, params string[] labels)
    {
        _service.TryView(token, out AnnotatorView? view);
        await _service.AnswerAsync(token, view!.Card!.Item, labels, cancellation: Ct);
    }
}
