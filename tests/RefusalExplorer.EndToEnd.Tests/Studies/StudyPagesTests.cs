using Microsoft.Playwright;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Tests.Studies;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests.Studies;

/// <summary>The studies' pages with the results of real studies, and a small one that is started, stopped and resumed.</summary>
public sealed class StudyPagesTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    /// <summary>A direction from two prompts of each kind and P("I") of one prompt: a few seconds, in short pieces.</summary>
    private const string Small = """
        { "name": "small", "model": "demo", "through": "candidates",
          "sets": { "prompts": { "set": "demo:harmful_test", "shuffle": true, "take": 1 }, "harmfulTrain": "demo:harmful_train", "harmlessTrain": "demo:harmless_train" },
          "generation": { "maxNewTokens": 4 },
          "direction": { "selector": "fixed", "hook": "blocks.20.hook_resid_post", "trainCount": 2, "validationCount": 1, "filter": false, "score": true, "positions": [-1], "layers": [18, 21] },
          "candidates": { "steps": [10, 20] } }
        """;

    [Theory, MemberData(nameof(Look.All), MemberType = typeof(Look))]
    public async Task ListAndStudy_AreAccessibleAndFit(ColorScheme scheme, int width)
    {
        var look = new Look(scheme, width);
        string id = await ListAsync(FinishedStudies.Eight);
        IPage page = await OpenAsync("/studies", look);
        await page.AttachedAsync($"a[data-study='{id}']");
        await LooksRightAsync(page, "studies", look);

        await page.ClickAsync($"a[data-study='{id}']");
        await DrawnAsync(page, "overlap");
        await LooksRightAsync(page, "study", look);
    }

    [Theory]
    [InlineData(ColorScheme.Light, Look.Desktop)]
    [InlineData(ColorScheme.Dark, Look.Phone)]
    public async Task EachStage_IsAccessibleAndFits(ColorScheme scheme, int width)
    {
        var look = new Look(scheme, width);
        IPage page = await OpenAsync($"/studies/{await ListAsync(FinishedStudies.Eight)}", look);
        foreach ((string view, string chart) in new[] { ("Stage 1", "k-curve"), ("Stage 2", "pruning-changes"), ("Stage 3", "fm-links") })
        {
            await page.ClickAsync($".view-tabs a:text-is('{view}')");
            await DrawnAsync(page, chart);
            await LooksRightAsync(page, $"study-{view.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant()}", look);
        }
    }

    [Fact]
    public async Task PromptComparisonFormAndFiles_AreAccessibleAndFit()
    {
        (string a, string b) = (await ListAsync(FinishedStudies.Eight), await ListAsync(FinishedStudies.Three));
        var phone = new Look(ColorScheme.Dark, Look.Phone);
        IPage page = await OpenAsync($"/studies/{b}/prompts/3", phone);
        await DrawnAsync(page, "pruning-changes");
        await LooksRightAsync(page, "study-prompt", phone);

        await page.GotoAsync($"/studies/compare?a={a}&b={b}");
        await DrawnAsync(page, "rates");
        await LooksRightAsync(page, "study-compare", phone);
        await page.GotoAsync("/studies/new");
        await page.AttachedAsync("[data-definition]");
        await LooksRightAsync(page, "study-new", phone);
        await page.GotoAsync($"/studies/{a}?view=files");
        await page.AttachedAsync("[data-file='prompts.jsonl']");
        await LooksRightAsync(page, "study-files", phone);
    }

    [Fact]
    public async Task OpenInExplore_PutsTheMinimalSetIntoTheCart()
    {
        string id = await ListAsync(FinishedStudies.Eight);
        IReadOnlyList<FeatureId> minimal = FinishedStudies.Entry(FinishedStudies.Eight).Files.ReadPrompts()[0].MinimalFeatures;
        IPage page = await OpenAsync($"/studies/{id}/prompts/1");

        await page.ClickAsync("[data-open-in-explore]");

        await Assertions.Expect(page.Locator(".cart-feature")).ToHaveCountAsync(minimal.Count);
        foreach (FeatureId feature in minimal)
            await Assertions.Expect(page.Locator($".cart-feature [data-feature='{feature}']")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Files_AreSaved_TheDirectionAsTheReferenceHasIt()
    {
        string id = await ListAsync(FinishedStudies.Eight);
        IPage page = await OpenAsync($"/studies/{id}?view=files");

        IDownload download = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("[data-file='direction/direction.pt']"));

        Assert.Equal(
            await File.ReadAllBytesAsync(Path.Combine(FinishedStudies.Entry(FinishedStudies.Eight).Folder, "direction", "direction.pt"), Ct),
            await File.ReadAllBytesAsync(await download.PathAsync(), Ct));
        IDownload all = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("[data-save-zip]"));
        Assert.Equal($"{id}.zip", all.SuggestedFilename);
    }

    [Fact]
    public async Task AStudy_IsStartedFromItsDefinition_Stopped_AndGoesOnToItsEnd()
    {
        IPage page = await OpenAsync("/studies/new");
        await page.ModelReadyAsync();
        await page.FillAsync("[data-definition]", """{ "name": "small", "model": "demo", "sets": {} }""");
        await page.Locator("[data-definition]").BlurAsync();
        await Assertions.Expect(page.Locator("[data-error]")).ToContainTextAsync("prompts");
        await Assertions.Expect(page.Locator("[data-start-study]")).ToBeDisabledAsync();

        await page.FillAsync("[data-definition]", Small);
        await page.Locator("[data-definition]").BlurAsync();
        await page.ClickAsync("[data-start-study]");
        await page.ClickAsync("[data-stop]");
        await page.AttachedAsync("[data-study-page][data-status='stopped']");
        await page.ClickAsync("[data-resume]");
        await page.AttachedAsync("[data-study-page][data-status='finished']");

        await Assertions.Expect(page.Locator("[data-panel='findings']")).ToContainTextAsync("The model refuses");
        await page.ClickAsync(".view-tabs a:text-is('Stage 1')");
        await DrawnAsync(page, "direction-heat");
        string folder = Dashboard.Get<StudyService>().List().Single(s => s.Study.Name == "small").Folder;
        Assert.Equal(StudyStage.Candidates, new StudyFiles(folder).ReadResult()!.Completed);
    }

    /// <summary>A chart is there when Plotly has drawn into it.</summary>
    private static Task DrawnAsync(IPage page, string chart) => page.AttachedAsync($"figure[data-chart='{chart}'] .main-svg");

    private async Task<string> ListAsync(string name)
    {
        StudyEntry entry = FinishedStudies.Entry(name);
        await Dashboard.Get<StudyLibrary>().SaveAsync(entry);
        return entry.Id;
    }
}
