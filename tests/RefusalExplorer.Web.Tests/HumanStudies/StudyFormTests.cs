using System.Text.Json;
using Bunit;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.HumanStudies;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Components.Pages.HumanStudies;
using RefusalExplorer.Web.Tests.Fakes;
using Xunit;

namespace RefusalExplorer.Web.Tests.HumanStudies;

public sealed class StudyFormTests : WebTestContext
{
    private readonly MemoryRunStore _runs = new();

    public StudyFormTests()
    {
        Services.AddSingleton<IRunStore>(_runs);
        Services.AddSingleton<IDocumentStore>(new FullDocumentStore());
        Services.AddSingleton(TimeProvider.System);
        Services.AddSingleton(new DashboardLibrary(Path.Combine(Path.GetTempPath(), "no-such-folder-of-dashboards")));
        Services.AddSingleton(new ModelCatalog([]));
        Services.AddSingleton<HumanStudyService>();
        Services.AddSingleton<HumanStudyMaker>();
    }

    [Fact]
    public void WithoutATaxonomyRun_SaysWhatToDoNext()
    {
        IRenderedComponent<StudyForm> form = Render<StudyForm>();

        Assert.Equal("/analyses/taxonomy", form.Find("a").GetAttribute("href"));
        Assert.Empty(form.FindAll("[data-create]"));
    }

    [Fact]
    public async Task WithoutDashboards_SaysSo_AndPickingFailsInWords()
    {
        AnalysisOutput output = new()
        {
            Tables =
            [
                AnalysisTable.Of("features", "f", [new("feature", ColumnKind.Feature), new("labels", ColumnKind.Text), new("fraud, share", ColumnKind.Share)], [["L3-1", "fraud", 1.0]]),
                AnalysisTable.Of("random", "r", [new("feature", ColumnKind.Feature), new("labels", ColumnKind.Text), new("fraud, share", ColumnKind.Share)], []),
            ],
        };
        RunRecord record = new() { AppVersion = "1", StartedAt = DateTimeOffset.UnixEpoch, Model = "demo", WeightsFingerprint = "w", Device = "cpu", Dtype = "float32" };
        AnalysisResult result = new() { RunId = "r1", Analysis = "taxonomy", Request = new AnalysisRequest(), Output = output, Record = record };
        await _runs.SaveAsync(
            new RunHeader { Id = "r1", Kind = TaxonomyPool.RunKind, Model = "demo", Title = "Taxonomy", CreatedAt = DateTimeOffset.UnixEpoch },
            JsonSerializer.Serialize(result, AnalysisJson.Compact), Xunit.TestContext.Current.CancellationToken);

        IRenderedComponent<StudyForm> form = Render<StudyForm>();
        Assert.Contains("refusal-explorer dashboards demo", form.Find("[role='status']").TextContent, StringComparison.Ordinal);
        await form.Find("[data-pick]").ClickAsync();

        form.WaitForAssertion(() => Assert.Contains("make the model's dashboards first", form.Find("[data-error]").TextContent, StringComparison.Ordinal));
        Assert.True(form.Find("[data-create]").HasAttribute("disabled"));
    }
}
