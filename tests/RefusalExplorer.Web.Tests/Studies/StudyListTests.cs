using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Components.Pages.Studies;
using RefusalExplorer.Web.Studies;
using Xunit;

namespace RefusalExplorer.Web.Tests.Studies;

public sealed class StudyListTests : WebTestContext
{
    private readonly StudyParts _parts = new();

    public StudyListTests() => _parts.AddTo(Services);

    [Fact]
    public void WithoutStudies_SaysWhatOneIs_AndOffersTheDemo()
    {
        IRenderedComponent<StudiesPage> page = RenderPage<StudiesPage>();
        Assert.Contains("smallest set of features", page.Find("[data-panel='no-studies']").TextContent, StringComparison.Ordinal);

        page.Find("[data-start-demo]").Click();

        Assert.EndsWith($"/studies/{StudyEntry.IdOf(StudyExamples.Demo)}", Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal);
    }

    [Fact]
    public void FinishedStudies_ShowTheirCounts_BesideControlAndUpperBound()
    {
        string id = _parts.List(FinishedStudies.Eight);
        IRenderedComponent<StudiesPage> page = RenderPage<StudiesPage>();

        string row = page.Find($"a[data-study='{id}']").Closest("tr")!.TextContent;
        Assert.Contains("finished", row, StringComparison.Ordinal);
        Assert.Contains("7 of 7", row, StringComparison.Ordinal);
        Assert.Contains("0 of 14", row, StringComparison.Ordinal);
        Assert.Contains("2026-02-03 04:00 UTC", row, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TwoStarted_WaitInTheirOrder_AndStopLeavesThemToGoOn()
    {
        string first = await _parts.Service.StartAsync(StudyExamples.Demo with { Seed = 1 });
        string second = await _parts.Service.StartAsync(StudyExamples.Demo with { Seed = 2, Name = "second" });
        IRenderedComponent<StudiesPage> page = RenderPage<StudiesPage>();
        page.WaitForAssertion(() => Assert.Equal(["running", "queued"], page.FindAll("[data-panel='queue'] [data-study-status]").Select(s => s.GetAttribute("data-study-status"))));
        Assert.Equal([first, second], page.FindAll("[data-panel='queue'] li").Select(l => l.GetAttribute("data-study")));

        page.Find("[data-panel='queue'] li button[aria-label='Stop second']").Click();
        page.Find("[data-panel='queue'] li button").Click();

        page.WaitForAssertion(() =>
        {
            Assert.Empty(page.FindAll("[data-panel='queue']"));
            Assert.Equal(2, page.FindAll("button[aria-label^='Go on with']").Count);
        });
        Assert.Equal(StudyStatus.Stopped, _parts.Service.Find(second)!.Status);
    }

    [Fact]
    public async Task AFailedStudy_SaysWhy_AndOneBrokenFolderHidesNoOther()
    {
        _parts.Fault = new EngineException("the weights are gone; pull them again");
        string failed = await _parts.Service.StartAsync(StudyExamples.Demo);
        string good = _parts.List(FinishedStudies.Eight);
        StudyEntry broken = FinishedStudies.Entry(FinishedStudies.Three) with { Folder = _parts.Folder };
        await File.WriteAllTextAsync(Path.Combine(_parts.Folder, "result.json"), "{", Xunit.TestContext.Current.CancellationToken);
        await _parts.Library.SaveAsync(broken);
        IRenderedComponent<StudiesPage> page = RenderPage<StudiesPage>();

        page.WaitForAssertion(() =>
        {
            string Reason(string id) => page.Find($"a[data-study='{id}']").Closest("tr")!.QuerySelector("[data-study-status='failed']")!.GetAttribute("title")!;
            Assert.Contains("the weights are gone", Reason(failed), StringComparison.Ordinal);
            Assert.Contains("run the study again to write it anew", Reason(broken.Id), StringComparison.Ordinal);
            Assert.NotNull(page.Find($"a[data-study='{good}']"));
        });
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _parts.Dispose();
        base.Dispose(disposing);
    }
}
