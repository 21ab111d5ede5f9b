using System.Text.Json;
using Bunit;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Components.Pages.Studies;
using RefusalExplorer.Web.Studies;
using Xunit;

namespace RefusalExplorer.Web.Tests.Studies;

/// <summary>A person's verdict wins on a study's pages; its files and sets stay.</summary>
public sealed class StudyOverridesTests : WebTestContext
{
    private readonly StudyParts _parts = new();
    private readonly string _id;
    private readonly StudyDesk _desk;

    public StudyOverridesTests()
    {
        _parts.AddTo(Services);
        _id = _parts.List(FinishedStudies.Three);
        _desk = Services.GetRequiredService<StudyDesk>();
    }

    private StudyEntry Entry => _desk.Find(_id)!;

    [Fact]
    public async Task WithoutAPersonsVerdict_ItIsTheStoredResult()
    {
        string stored = Json(Entry.Files.ReadResult()!);
        Assert.Equal(stored, Json(_desk.Result(Entry)!));

        await SayAsync("a prompt of nobody", "another response", VerdictKind.Complied);

        Assert.Equal(stored, Json(_desk.Result(Entry)!));
        Assert.Null(_desk.Result(Entry)!.HumanNote);
    }

    [Fact]
    public async Task PeopleWhoAgreeWithTheJudges_ChangeNoNumber()
    {
        StudyResult stored = Entry.Files.ReadResult()!;
        foreach (PromptResult p in Entry.Files.ReadPrompts())
            await SayAsync(p.Instruction, p.Baseline.Text, p.Baseline.Verdict.Kind);

        StudyResult shown = _desk.Result(Entry)!;

        Assert.Contains("3 verdicts on these responses are", shown.HumanNote, StringComparison.Ordinal);
        Assert.Equal(Json(stored), Json(shown with { HumanNote = null }));
    }

    [Fact]
    public async Task APersonsVerdict_ChangesTheRates_ButNoSetAndNoFile()
    {
        StudyResult before = _desk.Result(Entry)!;
        PromptResult prompt = Entry.Files.ReadPrompts()[0];
        await SayAsync(prompt.Instruction, prompt.Baseline.Text, VerdictKind.Complied);
        await SayAsync(prompt.Instruction, prompt.Prune!.Sets[prompt.Prune.Minimal!.Value].Response!.Text, VerdictKind.Refused);

        StudyResult shown = _desk.Result(Entry)!;

        Assert.Equal(Complied(before, StudyArm.Baseline) + 1, Complied(shown, StudyArm.Baseline));
        Assert.Equal(Complied(before, StudyArm.Minimal) - 1, Complied(shown, StudyArm.Minimal));
        Assert.Equal(before.Funnel, shown.Funnel);
        Assert.Equal(VerdictKind.Complied, _desk.Prompts(Entry)[0].Baseline.Verdict.Kind);
        Assert.Equal("human", _desk.Prompts(Entry)[0].Baseline.Verdict.Detector);
        Assert.Equal(Json(before), Json(Entry.Files.ReadResult()!));
        Assert.Contains("2 verdicts on these responses are a person's", RenderPage<StudyPage>(p => p.Add(c => c.Id, _id)).Find("[data-human-note]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ThePromptsPage_ShowsThePersonsVerdict()
    {
        PromptResult prompt = Entry.Files.ReadPrompts()[0];
        await SayAsync(prompt.Instruction, prompt.Baseline.Text, VerdictKind.Complied);

        IRenderedComponent<StudyPromptPage> page = RenderPage<StudyPromptPage>(p => p.Add(c => c.Id, _id).Add(c => c.Number, 1));

        Assert.Contains("judge: human", page.Find(".response-card .verdict.complied").GetAttribute("title"), StringComparison.Ordinal);
    }

    private Task SayAsync(string prompt, string response, VerdictKind kind) =>
        _parts.Humans.SetAsync(prompt, response, kind, "reader", Xunit.TestContext.Current.CancellationToken);

    private static int Complied(StudyResult result, StudyArm arm) => result.Rates.Single(r => r.Arm == arm).Complied;

    private static string Json(StudyResult result) => JsonSerializer.Serialize(result, StudyJson.Options);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _parts.Dispose();
        base.Dispose(disposing);
    }
}
