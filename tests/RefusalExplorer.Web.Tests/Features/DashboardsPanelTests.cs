using System.Text.Json;
using Bunit;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Web.Components.Pages.Features;
using RefusalExplorer.Web.Runs;
using RefusalExplorer.Web.Tests.Fakes;
using Xunit;

namespace RefusalExplorer.Web.Tests.Features;

public sealed class DashboardsPanelTests : MeaningContext
{
    private readonly TaskCompletionSource _made = new();

    [Fact]
    public void Missing_SaysHowManyLayers_AndAsksForACorpus()
    {
        IRenderedComponent<DashboardsPanel> panel = Show();

        Assert.StartsWith("2 of 2 layers have no dashboards", panel.Find("[data-dashboards='missing'] span").TextContent, StringComparison.Ordinal);
        Assert.NotNull(panel.Find("input.corpus"));
    }

    [Fact]
    public void WithoutACorpus_FailsInOneLine()
    {
        IRenderedComponent<DashboardsPanel> panel = Show();

        panel.Find("[data-make-dashboards]").Click();

        panel.WaitForAssertion(() => Assert.Contains("give a corpus", panel.Find("[data-error]").TextContent, StringComparison.Ordinal), TimeSpan.FromSeconds(120));
        Assert.False(_made.Task.IsCompleted);
    }

    [Fact]
    public async Task Made_FromACorpus_TheNoteGoesAway()
    {
        string corpus = Path.Combine(ModelFolder, "corpus.jsonl");
        await File.WriteAllLinesAsync(corpus, Enumerable.Range(0, 12).Select(i => JsonSerializer.Serialize(new { text = $"Text number {i} of a small corpus." })), Ct);
        IRenderedComponent<DashboardsPanel> panel = Show();

        panel.Find("input.corpus").Change(corpus);
        panel.Find("[data-make-dashboards]").Click();

        await _made.Task.WaitAsync(TimeSpan.FromSeconds(60), Ct);
        Assert.Empty(panel.FindAll("[data-dashboards]"));
        Assert.Equal([0, 2], Get<DashboardLibrary>().Layers(TinyChatModel.Name));
    }

    [Fact]
    public async Task Running_ShowsWhereItIs_AndStopped_SaysThatItGoesOn()
    {
        var first = new DashboardState(new DashboardRequest { Model = TinyChatModel.Name });
        LiveRun<DashboardState> run = Get<RunHub>().Start<DashboardState, DashboardState>("r1", DashboardRuns.Kind, "Dashboards", first, (_, next) => next, async (events, ct) =>
        {
            events.Report(first with { Progress = new DashboardProgress("reading the corpus", 1234, 5000, "tokens", 0.2) });
            await Task.Delay(Timeout.Infinite, ct);
        });
        IRenderedComponent<DashboardsPanel> panel = Show();

        panel.WaitForAssertion(() => Assert.Contains("reading the corpus: 1,234 of 5,000 tokens", panel.Find("[data-dashboards='running']").TextContent, StringComparison.Ordinal));
        panel.Find("button.danger").Click();
        await run.Completion;

        panel.WaitForAssertion(() => Assert.Contains("goes on where it was", panel.Find("[data-dashboards='missing']").TextContent, StringComparison.Ordinal));
        Assert.False(_made.Task.IsCompleted);
    }

    private IRenderedComponent<DashboardsPanel> Show() => Render<DashboardsPanel>(p => p.Add(d => d.Model, TinyChatModel.Name).Add(d => d.OnMade, _made.SetResult));
}
