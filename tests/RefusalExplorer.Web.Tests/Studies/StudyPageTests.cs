using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Components.Pages.Studies;
using RefusalExplorer.Web.Studies;
using Xunit;

namespace RefusalExplorer.Web.Tests.Studies;

public sealed class StudyPageTests : WebTestContext
{
    private readonly StudyParts _parts = new();

    public StudyPageTests() => _parts.AddTo(Services);

    private IRenderedComponent<StudyPage> Open(string id, StudyView view = StudyView.Overview)
    {
        Services.GetRequiredService<NavigationManager>().NavigateTo(StudyUrl.Of(id, new StudyPageState { View = view }));
        return RenderPage<StudyPage>(p => p.Add(c => c.Id, id));
    }

    private static string[] Charts(IRenderedComponent<StudyPage> page) => [.. page.FindAll("figure[data-chart]").Select(c => c.GetAttribute("data-chart")!)];

    [Fact]
    public void Overview_SaysWhatWasFound_WithFunnelControlAndUpperBound()
    {
        IRenderedComponent<StudyPage> page = Open(_parts.List(FinishedStudies.Eight));

        Assert.Equal("7 of 7", page.Find("[data-flipped]").TextContent);
        string found = page.Find("[data-panel='findings']").TextContent;
        Assert.Contains("7 of 8 prompts", found, StringComparison.Ordinal);
        Assert.Contains("a median of 1 feature, 8 distinct in all", found, StringComparison.Ordinal);
        Assert.Contains("Random sets of the same size flip 0 of 14", found, StringComparison.Ordinal);
        Assert.Contains("upper bound", found, StringComparison.Ordinal);
        Assert.Equal(["funnel-prompts", "funnel-features", "rates", "layers", "overlap"], Charts(page));
        Assert.Contains("L18-1656", Uri.UnescapeDataString(page.Find("[data-open-in-explore]").GetAttribute("href")!), StringComparison.Ordinal);
    }

    [Fact]
    public void AStudyThatEndsBeforeStage2_HasNoFiguresOfIt_AndDoesNotPromiseThem()
    {
        StudyEntry entry = FinishedStudies.Entry(FinishedStudies.Eight);
        StudyResult whole = entry.Files.ReadResult()!;
        StudyResult first = whole with
        {
            Completed = StudyStage.Candidates,
            Funnel = whole.Funnel with { Minimal = 0, PrunedFeatures = null, MinimalFeatures = null, NeededFeatures = null, UniqueFeatures = 0 },
            Rates = [.. whole.Rates.Where(r => r.Arm < StudyArm.Minimal)],
            Features = [],
            Prompts = [.. whole.Prompts.Select(p => p with { Minimal = [], After = null })],
        };
        IRenderedComponent<OverviewView> page = RenderPage<OverviewView>(p => p
            .Add(c => c.Entry, entry with { Study = entry.Study with { Through = StudyStage.Candidates } }).Add(c => c.Result, first));

        Assert.Equal("7 of 7", page.Find("[data-flipped]").TextContent);
        Assert.DoesNotContain("minimal set", page.Find("figure[data-chart='funnel-prompts']").GetAttribute("aria-label")!, StringComparison.Ordinal);
        foreach (string panel in (string[])["layers", "overlap", "features"])
            Assert.Contains("This study ends before Stage 2.", page.Find($"[data-panel='{panel}']").TextContent, StringComparison.Ordinal);
        Assert.Equal("–", StudyWords.Minimal(first));
        Assert.Equal("7 of 7", StudyWords.Minimal(whole));
    }

    [Theory]
    [InlineData(StudyView.Stage1, "direction-heat", "direction-layers", "k-outcome", "k-curve")]
    [InlineData(StudyView.Stage2, "pruning-steps", "pruning-changes", "pruning-kept", "threshold-sizes", "threshold-outcome", "layers", "overlap", "funnel-features")]
    [InlineData(StudyView.Stage3, "fm-loss", "fm-quality", "fm-added", "fm-links", "probe")]
    public void EachStage_HasItsCharts_EachWithASentenceOnHowToReadIt(StudyView view, params string[] charts)
    {
        IRenderedComponent<StudyPage> page = Open(_parts.List(FinishedStudies.Eight), view);

        Assert.Equal(charts, Charts(page));
        Assert.Equal(charts.Length, page.FindAll(".chart-explain").Count);
        Assert.All(page.FindAll("figure[data-chart]"), f => Assert.NotEmpty(f.GetAttribute("aria-label")!));
    }

    [Fact]
    public void Stage2_ChoosesAPrompt_InTheAddress()
    {
        IRenderedComponent<StudyPage> page = Open(_parts.List(FinishedStudies.Eight), StudyView.Stage2);
        string before = page.Find("figure[data-chart='pruning-steps']").GetAttribute("aria-label")!;

        page.Find("select[aria-label='Prompt']").Change("5");

        Assert.EndsWith("view=stage2&prompt=6", Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal);
        page.WaitForAssertion(() => Assert.NotEqual(before, page.Find("figure[data-chart='pruning-steps']").GetAttribute("aria-label")));
    }

    [Fact]
    public void Stage3_ShowsTestMetrics_AndTheCausalLinkOfEachPrompt()
    {
        IRenderedComponent<StudyPage> page = Open(_parts.List(FinishedStudies.Eight), StudyView.Stage3);

        Assert.Equal(["factorization machine", "linear probe"], page.FindAll("[data-machine-test] tbody th").Select(h => h.TextContent));
        Assert.Equal("7", page.Find("[data-table='links']").GetAttribute("data-rows"));
        Assert.Contains("Mean 58%", page.Find("[data-panel='fm-links'] .chart-explain").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Prompts_AreFilteredByOutcome_AndTheirTextIsBlurred()
    {
        IRenderedComponent<StudyPage> page = Open(_parts.List(FinishedStudies.Eight), StudyView.Prompts);
        Assert.Equal(8, page.FindAll("[data-table='prompts'] tbody tr").Count);
        Assert.Equal(8, page.FindAll("[data-table='prompts'] .blurred").Count);

        page.Find("select[aria-label='Outcome']").Change("NotRefused");

        page.WaitForAssertion(() => Assert.Single(page.FindAll("[data-table='prompts'] tbody tr")));
    }

    [Fact]
    public void Files_ListsWhatIsThere_WithTheReferencesDirection()
    {
        IRenderedComponent<StudyPage> page = Open(_parts.List(FinishedStudies.Eight), StudyView.Files);

        string[] files = [.. page.FindAll("[data-file]").Select(f => f.GetAttribute("data-file")!)];
        Assert.Equal(["study.json", "result.json", "prompts.jsonl", "rates.csv", "direction/direction.pt", "direction/direction_metadata.json"], files);
        page.Find("[data-file='direction/direction.pt']").Click();
        page.WaitForAssertion(() => Assert.Equal("direction-direction.pt", JSInterop.VerifyInvoke("refusalExplorer.download").Arguments[0]));
    }

    [Fact]
    public void Settings_ShowWhatDiffersFromThePaper_AndAllOnDemand()
    {
        IRenderedComponent<StudyPage> page = Open(_parts.List(FinishedStudies.Eight), StudyView.Settings);
        Assert.DoesNotContain("blockSize", page.Find("[data-panel='definition'] pre").TextContent, StringComparison.Ordinal);

        page.Find("[data-all-settings]").Change(true);

        Assert.Contains("\"blockSize\": 5", page.Find("[data-panel='definition'] pre").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARunningStudy_CanBeStopped_AndGoesOn()
    {
        string id = await _parts.Service.StartAsync(StudyExamples.Demo);
        IRenderedComponent<StudyPage> page = Open(id);
        page.WaitForAssertion(() => Assert.Equal("running", page.Find("[data-study-page]").GetAttribute("data-status")));
        Assert.Contains("appear here as soon as", page.Find("[data-panel='nothing']").TextContent, StringComparison.Ordinal);

        page.Find("[data-stop]").Click();
        page.WaitForAssertion(() => Assert.Equal("stopped", page.Find("[data-study-page]").GetAttribute("data-status")));
        page.Find("[data-resume]").Click();

        page.WaitForAssertion(() => Assert.Equal("running", page.Find("[data-study-page]").GetAttribute("data-status")));
    }

    [Fact]
    public async Task AWaitingStudy_SaysHowManyAreBeforeIt()
    {
        await _parts.Service.StartAsync(StudyExamples.Demo);
        string second = await _parts.Service.StartAsync(StudyExamples.Demo with { Seed = 5 });

        IRenderedComponent<StudyPage> page = Open(second);

        Assert.Contains("1 study before it", page.Find("[data-panel='nothing']").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void AnUnknownStudy_SaysSo() => Assert.Contains("There is no such study", Open("nothing").Markup, StringComparison.Ordinal);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _parts.Dispose();
        base.Dispose(disposing);
    }
}
