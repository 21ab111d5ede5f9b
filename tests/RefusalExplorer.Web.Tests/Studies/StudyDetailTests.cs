using System.IO.Compression;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Charts;
using RefusalExplorer.Web.Charts.Studies;
using RefusalExplorer.Web.Components.Pages.Studies;
using RefusalExplorer.Web.Studies;
using Xunit;

namespace RefusalExplorer.Web.Tests.Studies;

public sealed class StudyDetailTests : WebTestContext
{
    private readonly StudyParts _parts = new();

    public StudyDetailTests() => _parts.AddTo(Services);

    [Fact]
    public void APrompt_HasItsProof_ItsMinimalSet_AndAWayIntoExplore()
    {
        string id = _parts.List(FinishedStudies.Three);
        IRenderedComponent<StudyPromptPage> page = RenderPage<StudyPromptPage>(p => p.Add(c => c.Id, id).Add(c => c.Number, 3));

        Assert.Equal(["Nothing ablated", "Direction projected out", "Minimal set", "Each feature proven needed", "Random set 1", "Stage 3's features alone"],
            page.FindAll(".response-card strong").Select(t => t.TextContent));
        Assert.Equal("22", page.Find("[data-table='minimal']").GetAttribute("data-rows"));
        Assert.Single(page.FindAll("[data-table='minimal'] tbody td:last-child"), c => c.TextContent.Trim() != "–");
        Assert.NotNull(page.Find("[data-panel='interactions']"));
        Assert.NotNull(page.Find("[data-open-in-explore]"));
        Assert.Equal($"/studies/{id}/prompts/2", page.Find("[aria-label='The prompt before']").GetAttribute("href"));
        Assert.Empty(page.FindAll("[aria-label='The next prompt']"));
    }

    [Fact]
    public void APromptThatIsNotThere_SaysSo()
    {
        string id = _parts.List(FinishedStudies.Three);
        Assert.Contains("no results for prompt 9", RenderPage<StudyPromptPage>(p => p.Add(c => c.Id, id).Add(c => c.Number, 9)).Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoStudies_MeetOnTheSamePrompts_WithTheSettingsThatDiffer()
    {
        (string a, string b) = (_parts.List(FinishedStudies.Eight), _parts.List(FinishedStudies.Three));
        Services.GetRequiredService<NavigationManager>().NavigateTo(StudyUrl.Comparing(a, b));
        IRenderedComponent<CompareStudiesPage> page = RenderPage<CompareStudiesPage>();

        Assert.Equal(3, page.FindAll("[data-table='compare'] tbody tr").Count);
        string settings = page.Find("[data-table='settings']").TextContent;
        Assert.Contains("prune.blockSize", settings, StringComparison.Ordinal);
        Assert.DoesNotContain("interactions.embeddingSize", settings, StringComparison.Ordinal);

        page.Find("[data-only-differences]").Change(true);

        Assert.Equal(2, page.FindAll("[data-table='compare'] tbody tr").Count);
        Assert.Contains("2 of 3 shown", page.Find("[data-panel='compare'] .panel-note").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void OneStudy_HasNothingToBeComparedWith()
    {
        _parts.List(FinishedStudies.Eight);
        Assert.Contains("It takes two studies", RenderPage<CompareStudiesPage>().Find("[data-panel='nothing']").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Short_ReadBack_IsTheSameStudy_InLessThanHalfOfTheText()
    {
        foreach (StudyDefinition study in (StudyDefinition[])[FinishedStudies.Entry(FinishedStudies.Eight).Study, FinishedStudies.Entry(FinishedStudies.Three).Study, StudyExamples.Demo])
        {
            string text = StudyShort.Of(study);
            Assert.Equal(StudyJson.Serialize(study), StudyJson.Serialize(StudyJson.Parse(text, "short")));
            Assert.True(text.Length < StudyJson.Serialize(study, indented: true).Length / 2, text);
        }
    }

    [Theory]
    [InlineData(FinishedStudies.Eight)]
    [InlineData(FinishedStudies.Three)]
    public void KeptStudies_HoldNoAnswerToAHarmfulRequest(string name)
    {
        foreach (PromptResult p in FinishedStudies.Entry(name).Files.ReadPrompts())
        {
            JudgedResponse?[] responses =
            [
                p.Baseline, p.Directional, .. p.Sweep.Select(k => k.Response), .. (p.Prune?.Sets ?? []).Select(s => s.Response), .. (p.Prune?.Controls ?? []).Select(c => c.Response),
                p.Prune?.Exact?.Response, p.Interactions?.BaseResponse, p.Interactions?.AloneResponse, .. (p.Interactions?.Sweep ?? []).Select(k => k.Response),
            ];
            Assert.All(responses.OfType<JudgedResponse>().Where(r => r.Verdict.Kind != VerdictKind.Refused && r.Text.Length > 0), r => Assert.Equal(FinishedStudies.LeftOut, r.Text));
        }
    }

    [Fact]
    public void Findings_WhereFeaturesStayBelowTheDirection_SayWhy()
    {
        StudyResult result = FinishedStudies.Entry(FinishedStudies.Three).Files.ReadResult()!;
        Assert.Contains(StudyFindings.Of(result), f => f.EndsWith("the features reach it.", StringComparison.Ordinal));
        StudyResult fewer = result with { Rates = [.. result.Rates.Select(r => r.Arm == StudyArm.Minimal ? r with { Interval = r.Interval with { Estimate = 0.5 } } : r)] };

        Assert.Contains(StudyFindings.Of(fewer), f => f.Contains("stay below it", StringComparison.Ordinal));
    }

    [Fact]
    public void Changes_NameTheThresholdsOnTheAxis_InOneLegendEntry()
    {
        PromptResult prompt = FinishedStudies.Entry(FinishedStudies.Eight).Files.ReadPrompts().First(p => p.Prune is not null);

        Figure figure = PruningCharts.Changes("prompt #1", prompt.Prune!);

        Assert.Equal(["seed 0", "seed 1", "seed 2", "τ from 0.1 to 0.8"], figure.Series.Select(s => s.Name));
        Assert.Equal(8, figure.Series[^1].Y.OfType<double>().Distinct().Count());
        Assert.Contains((0.1, "τ 0.1"), figure.Y.Ticks);
        Assert.All(figure.Y.Ticks.Zip(figure.Y.Ticks.Skip(1)), t => Assert.True(Math.Log10(t.Second.At / t.First.At) >= 0.25));
    }

    [Fact]
    public void Overlap_IsOneOnTheDiagonal_AndTheSameBothWays()
    {
        StudyResult result = FinishedStudies.Entry(FinishedStudies.Eight).Files.ReadResult()!;

        Series map = FeatureCharts.Overlap(result.Prompts)!.Series[0];

        Assert.Equal(7, map.Z.Length);
        for (int a = 0; a < 7; a++)
        {
            Assert.Equal(1, map.Z[a][a]);
            for (int b = 0; b < a; b++)
                Assert.Equal(map.Z[a][b], map.Z[b][a]);
        }
    }

    [Fact]
    public void Heat_MarksTheChosenCandidate()
    {
        StudyResult result = FinishedStudies.Entry(FinishedStudies.Eight).Files.ReadResult()!;

        Figure figure = DirectionCharts.Heat(result.Direction!.Scores!, DirectionMetric.Bypass, result.Direction);

        Series chosen = Assert.Single(figure.Series, s => s.Ring);
        Assert.Equal(("21", "-1"), ((string)chosen.X[0], (string)chosen.Y[0]));
    }

    [Fact]
    public void Zip_HoldsAllFiles_AndNoNameLeavesTheFolder()
    {
        string folder = FinishedStudies.Entry(FinishedStudies.Eight).Folder;
        using (Stream stream = StudyDownloads.Zip(folder))
        using (var zip = new ZipArchive(stream))
        {
            Assert.Equal(StudyDownloads.List(folder).Select(f => f.Name).Order(StringComparer.Ordinal), zip.Entries.Select(e => e.FullName).Order(StringComparer.Ordinal));
            Assert.All(zip.Entries, e => Assert.True(e.Length > 0));
        }

        Assert.Throws<EngineException>(() => StudyDownloads.Open(folder, "../three-prompts/study.json"));
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _parts.Dispose();
        base.Dispose(disposing);
    }
}
