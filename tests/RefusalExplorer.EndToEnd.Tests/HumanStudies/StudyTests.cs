using Microsoft.Playwright;
using RefusalExplorer.Pipeline.HumanStudies;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests.HumanStudies;

public sealed class StudyTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    private HumanStudyService Service => Dashboard.Get<HumanStudyService>();

    [Fact]
    public async Task InvitedByLink_TheAnnotatorsAnswersShowAsProgress()
    {
        string id = await CreateAsync();
        IPage page = await OpenAsync($"/human-study/{id}");
        await page.FillAsync("#annotator", "Ada");
        await page.ClickAsync("[data-invite]");
        string link = await page.Locator("[data-link]").InputValueAsync();

        IPage phone = await OpenWindowAsync(new() { ViewportSize = new() { Width = Look.Phone, Height = 844 } });
        await phone.GotoAsync(new Uri(link).AbsolutePath);
        await phone.Keyboard.PressAsync("1");
        await phone.Keyboard.PressAsync("Enter");
        await phone.WaitForSelectorAsync("text=Card 2 of 12");

        await page.AttachedAsync("[data-annotator='1'][data-answered='1']");
    }

    [Theory, MemberData(nameof(Look.All), MemberType = typeof(Look))]
    public async Task OpenStudy_LooksRight(ColorScheme scheme, int width)
    {
        Look look = new(scheme, width);
        string id = await CreateAsync();
        await AnswerAsync(id, "Ada Lovelace", 12);
        await AnswerAsync(id, "Grace Hopper", 5);
        IPage page = await OpenAsync($"/human-study/{id}", look);
        await page.FillAsync("#annotator", "Mary Shelley");
        await page.ClickAsync("[data-invite]");
        await page.WaitForSelectorAsync("[data-link]");

        await LooksRightAsync(page, "human-study-open", look);
    }

    [Theory, MemberData(nameof(Look.All), MemberType = typeof(Look))]
    public async Task ClosedStudy_ShowsItsResults_AndLooksRight(ColorScheme scheme, int width)
    {
        Look look = new(scheme, width);
        string id = await CreateAsync();
        foreach (string name in new[] { "Ada Lovelace", "Grace Hopper", "Mary Shelley" })
            await AnswerAsync(id, name, 12);
        await Service.CloseAsync(id, Ct);
        IPage page = await OpenAsync($"/human-study/{id}", look);
        await page.WaitForSelectorAsync("[data-study-results='ready']");
        await page.AttachedAsync("[data-chart='confusion'] .main-svg");

        await LooksRightAsync(page, "human-study-closed", look);
    }

    [Fact]
    public async Task Export_HoldsEveryAnswer()
    {
        string id = await CreateAsync();
        await AnswerAsync(id, "Ada", 12);
        await AnswerAsync(id, "Eve", 7);
        await Service.CloseAsync(id, Ct);
        IPage page = await OpenAsync($"/human-study/{id}");

        IDownload file = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("[data-export-jsonl]"));

        using StreamReader reader = new(await file.CreateReadStreamAsync());
        string[] lines = (await reader.ReadToEndAsync(Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(19, lines.Length);
        Assert.Equal(7, lines.Count(l => l.Contains("\"annotator\":\"Eve\"", StringComparison.Ordinal)));
    }

    [Theory, MemberData(nameof(Look.All), MemberType = typeof(Look))]
    public async Task List_LooksRight(ColorScheme scheme, int width)
    {
        Look look = new(scheme, width);
        await CreateAsync();
        IPage page = await OpenAsync("/human-study", look);
        await page.WaitForSelectorAsync("[data-study]");

        await LooksRightAsync(page, "human-studies", look);
    }

    private async Task<string> CreateAsync()
    {
        string id = Guid.CreateVersion7().ToString("N");
        await Service.CreateAsync(ExampleStudy.Of(id, 12), Ct);
        return id;
    }

    // Answers as people give them: mostly the label by activation, sometimes another, each annotator otherwise.
    private async Task AnswerAsync(string id, string name, int cards)
    {
        Invitation invitation = await Service.InviteAsync(id, name, Ct);
        Random random = new(invitation.Annotator.Number);
        HumanStudy study = Service.TryGet(id, out HumanStudyState? state) ? state.Study : throw new InvalidOperationException();
        for (int i = 0; i < cards; i++)
        {
            Service.TryView(invitation.Token, out AnnotatorView? view);
            StudyItem item = study.Items.Single(s => s.Id == view!.Card!.Item);
            string[] labels = random.Next(4) == 0 ? [study.Labels[random.Next(study.Labels.Length)]] : [.. item.Labels.Take(1)];
            await Service.AnswerAsync(invitation.Token, item.Id, labels, DateTimeOffset.UtcNow.AddSeconds(-random.Next(5, 60)), Ct);
        }
    }
}
