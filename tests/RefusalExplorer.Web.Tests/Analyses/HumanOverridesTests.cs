using System.Text.Json;
using Bunit;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.AttackSuccess;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Web.Components.Pages.Analyses;
using Xunit;

namespace RefusalExplorer.Web.Tests.Analyses;

/// <summary>A person's verdict wins wherever a stored analysis is shown, and nothing changes where nobody gave one.</summary>
public sealed class HumanOverridesTests : WebTestContext
{
    private const string Asked = "p1", Said = "Here is a recipe for soup, step by step.";

    private readonly AnalysisParts _parts = new();
    private readonly ResponseJudges _judges;

    public HumanOverridesTests()
    {
        _judges = new ResponseJudges([], _parts.Humans);
        Services.AddSingleton(_parts.Catalog);
        Services.AddSingleton(_judges);
        Services.AddSingleton(_parts.Runs);
        Services.AddSingleton(_parts.Requests);
        Services.AddSingleton(_parts.Studies);
        Services.AddSingleton<IExploreCatalog>(_parts.Explore);
    }

    [Fact]
    public async Task WithoutAPersonsVerdict_ItIsTheStoredResult()
    {
        string id = await StoreAsync("attack-success");
        await SayAsync(VerdictKind.Refused, "another response");

        Assert.Equal(Json(_parts.Runs.Find(id)!.Result!), Json(_parts.Runs.Show(id)!.Result!));
    }

    [Fact]
    public async Task APersonsVerdict_ChangesTheRate_TheFilesAndTheFindings_AndLeavesTheStoredRun()
    {
        string id = await StoreAsync("attack-success");
        string made = Json(_parts.Runs.Find(id)!.Result!);
        await SayAsync(VerdictKind.Refused);

        AnalysisOutput shown = _parts.Runs.Show(id)!.Result!.Output;

        Assert.Contains("attack success 0 %", shown.Findings[0], StringComparison.Ordinal);
        Assert.Equal("1 of 1 verdicts is a person's, which won over the judges'.", shown.Findings[^1]);
        Assert.Equal(0, Assert.Single(shown.Tables.Single(t => t.Id == "by-data-set").Column("attack success")).Number);
        Assert.Contains("refused,human,", shown.Tables.Single(t => t.Id == "responses").ToCsv(), StringComparison.Ordinal);
        Assert.Equal(made, Json(_parts.Runs.Find(id)!.Result!));

        await SayAsync(null);
        Assert.Equal(made, Json(_parts.Runs.Show(id)!.Result!));
    }

    [Fact]
    public async Task TheRunsPage_ShowsThePersonsVerdict()
    {
        string id = await StoreAsync("attack-success");
        await SayAsync(VerdictKind.Refused);

        IRenderedComponent<AnalysisPage> page = RenderPage<AnalysisPage>(p => p.Add(c => c.Name, "attack-success").Add(c => c.RunId, id));

        page.WaitForAssertion(() => Assert.Single(page.FindAll("[data-result]")));
        string findings = page.Find("[data-panel='findings']").TextContent;
        Assert.Contains("attack success 0 %", findings, StringComparison.Ordinal);
        Assert.Contains("is a person's", findings, StringComparison.Ordinal);
        Assert.Single(page.FindAll("[data-table='responses'] .verdict.refused"));
    }

    [Fact]
    public async Task AVerdictThatTheRunCountedAlready_IsCountedAmongTheFindings_UntilItIsTakenBack()
    {
        await SayAsync(VerdictKind.Refused);
        string id = await StoreAsync("attack-success");

        Assert.Contains("1 of 1 verdicts is a person's", _parts.Runs.Show(id)!.Result!.Output.Findings[^1], StringComparison.Ordinal);

        await SayAsync(null);
        Assert.Contains("attack success 100 %", Assert.Single(_parts.Runs.Show(id)!.Result!.Output.Findings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhereNumbersComeFromMoreThanResponses_ItSaysHowManyTheyDoNotCount()
    {
        string id = await StoreAsync("dose-response");
        await SayAsync(VerdictKind.Refused);

        AnalysisOutput made = _parts.Runs.Find(id)!.Result!.Output, shown = _parts.Runs.Show(id)!.Result!.Output;

        Assert.Contains("1 of 1 responses another verdict since the run", shown.Findings[^1], StringComparison.Ordinal);
        Assert.Equal(JsonSerializer.Serialize(made.Tables, AnalysisJson.Options), JsonSerializer.Serialize(shown.Tables, AnalysisJson.Options));
    }

    private Task SayAsync(VerdictKind? kind, string of = Said) => _parts.Humans.SetAsync(Asked, of, kind, "reader", Xunit.TestContext.Current.CancellationToken);

    private async Task<string> StoreAsync(string analysis)
    {
        JudgedResponse response = new()
        {
            Arm = "no ablation",
            Prompt = Asked,
            DataSet = "set",
            Harmful = true,
            Text = Said,
            RefusalProbability = 0.1,
            Verdict = new Verdict(VerdictKind.Unclear, "none"),
        };
        _parts.Runner.Output = new AttackSuccessAnalysis().Describe(await _judges.JudgeAsync([response]));
        var run = _parts.Runs.Start(analysis, new());
        await run.Completion;
        return run.Id;
    }

    private static string Json(AnalysisResult result) => JsonSerializer.Serialize(result, AnalysisJson.Options);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _parts.Dispose();
        base.Dispose(disposing);
    }
}
