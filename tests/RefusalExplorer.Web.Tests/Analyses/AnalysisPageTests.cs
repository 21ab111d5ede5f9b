using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Web.Components.Pages.Analyses;
using Xunit;

namespace RefusalExplorer.Web.Tests.Analyses;

public sealed class AnalysisPageTests : WebTestContext
{
    private readonly AnalysisParts _parts = new();

    public AnalysisPageTests()
    {
        Services.AddSingleton(_parts.Catalog);
        Services.AddSingleton(new ResponseJudges([], new HumanVerdicts()));
        Services.AddSingleton(_parts.Runs);
        Services.AddSingleton(_parts.Requests);
        Services.AddSingleton(_parts.Studies);
        Services.AddSingleton<IExploreCatalog>(_parts.Explore);
        _parts.Runner.Output = new AnalysisOutput
        {
            Findings = ["Mean P(\"I\") falls."],
            Tables =
            [
                AnalysisTable.Of("responses", "Responses", [new("arm", ColumnKind.Text), new("verdict", ColumnKind.Text), new("response", ColumnKind.Sensitive)],
                    [["no ablation", "refused", "secret words"]]),
            ],
        };
    }

    [Fact]
    public void Gallery_ShowsEveryAnalysis_InItsGroup()
    {
        IRenderedComponent<AnalysesPage> page = RenderPage<AnalysesPage>();

        Assert.Equal(
            ["attack-success", "dose-response", "controls", "causal-links", "judge-agreement"],
            page.FindAll("[data-analysis]").Select(c => c.GetAttribute("data-analysis")));
        Assert.Equal(["Effect", "Controls", "Mechanism", "Agreement"], page.FindAll(".gallery-head h2").Select(h => h.TextContent));
    }

    [Fact]
    public void Form_AsksForWhatTheAnalysisNeeds_AndNoMore()
    {
        IRenderedComponent<AnalysisPage> page = RenderPage<AnalysisPage>(p => p.Add(c => c.Name, "causal-links"));
        Assert.Equal(2, page.FindAll("[data-set]").Count);
        Assert.Equal("harmful", Assert.Single(page.FindAll("[data-prompts]")).GetAttribute("data-prompts"));
        Assert.NotNull(page.Find("[data-setting='matrixPrompts']"));

        page.Render(p => p.Add(c => c.Name, "dose-response"));
        Assert.Single(page.FindAll("[data-set]"));
        Assert.Equal(2, page.FindAll("[data-prompts]").Count);
        Assert.Equal(["scale", "clamp to maximum", "clamp"], page.FindAll("#setting-operation option").Select(o => o.TextContent));
    }

    [Fact]
    public void Run_GoesToItsPermalink_AndShowsTheResult_WithSensitiveTextBlurred()
    {
        IRenderedComponent<AnalysisPage> page = RenderPage<AnalysisPage>(p => p.Add(c => c.Name, "attack-success"));
        page.Find("#first-source").Change("Pasted");
        page.WaitForElement("[data-set='first'] textarea").Change("L1-2");

        page.Find("[data-run-button]").Click();

        string id = page.WaitForElement("[data-result]").GetAttribute("data-result")!;
        Assert.EndsWith($"/analyses/attack-success/{id}", Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal);
        Assert.Contains("Mean P(\"I\") falls.", page.WaitForElement("[data-panel='findings']").TextContent, StringComparison.Ordinal);
        Assert.Equal("secret words", page.WaitForElement("[data-table='responses'] .blurred").TextContent);
        Assert.Single(page.FindAll("[data-table='responses'] .verdict.refused"));
        Assert.Contains("feature sets", page.Find("[data-panel='record']").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void AStoredRun_IsShownAgain_WithItsForm()
    {
        string id = _parts.Runs.Start("controls", new() { Seed = 9, Features = [new(1, 2)] }).Id;

        IRenderedComponent<AnalysisPage> page = RenderPage<AnalysisPage>(p => p.Add(c => c.Name, "controls").Add(c => c.RunId, id));

        page.WaitForAssertion(() => Assert.Single(page.FindAll("[data-result]")));
        Assert.Equal("9", page.Find("#seed").GetAttribute("value"));
    }

    [Fact]
    public void AnUnknownAnalysis_SaysSo() =>
        Assert.Contains("none", RenderPage<AnalysisPage>(p => p.Add(c => c.Name, "nothing")).Markup, StringComparison.Ordinal);

    [Fact]
    public void WrongInput_IsSaidInOneLine()
    {
        IRenderedComponent<AnalysisPage> page = RenderPage<AnalysisPage>(p => p.Add(c => c.Name, "controls"));
        page.Find("#setting-draws").Change("0");

        page.Find("[data-run-button]").Click();

        page.WaitForAssertion(() => Assert.Contains("draws: expected 1 to 10000", page.Find("[data-error]").TextContent, StringComparison.Ordinal));
        Assert.Empty(_parts.Runner.Requests);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _parts.Dispose();
        base.Dispose(disposing);
    }
}
