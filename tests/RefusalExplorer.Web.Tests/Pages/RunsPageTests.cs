using Bunit;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Components.Pages.Runs;
using RefusalExplorer.Web.Runs;
using RefusalExplorer.Web.Tests.Fakes;
using RefusalExplorer.Web.Tests.Studies;
using Xunit;

namespace RefusalExplorer.Web.Tests.Pages;

public sealed class RunsPageTests : WebTestContext
{
    private readonly StudyParts _studies = new();
    private readonly MemoryRunStore _store = new();

    public RunsPageTests()
    {
        Services.AddSingleton(_studies.Service);
        Services.AddSingleton<IRunStore>(_store);
        Services.AddSingleton(new RunHub());
    }

    [Fact]
    public void NoRuns_LeadsToExplore()
    {
        IRenderedComponent<RunsPage> page = RenderPage<RunsPage>();

        Assert.Equal("/", page.Find(".empty a").GetAttribute("href"));
    }

    [Fact]
    public async Task Interrupted_IsMarked_WithItsReason()
    {
        await PutAsync("a", RunStatus.Interrupted);
        IRenderedComponent<RunsPage> page = RenderPage<RunsPage>();

        Assert.Contains("warn", page.Find("[data-status=Interrupted]").ClassName, StringComparison.Ordinal);
        Assert.Contains("the program ended", page.Find("[data-run-id=a]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compare_WantsTwo_AndAThirdReplacesTheFirst()
    {
        foreach (string id in (string[])["a", "b", "c"])
            await PutAsync(id, RunStatus.Finished);
        IRenderedComponent<RunsPage> page = RenderPage<RunsPage>();
        Assert.Equal("true", page.Find("[data-compare]").GetAttribute("aria-disabled"));

        foreach (string id in (string[])["a", "b", "c"])
            page.Find($"[data-run-id={id}] input").Change(true);

        Assert.Equal("/runs/compare?a=b&b=c", page.Find("[data-compare]").GetAttribute("href"));
    }

    [Fact]
    public async Task Delete_NeedsASecondClick()
    {
        await PutAsync("a", RunStatus.Finished);
        IRenderedComponent<RunsPage> page = RenderPage<RunsPage>();

        page.Find("[data-delete]").Click();
        Assert.True(_store.TryGet("a", out _));
        page.Find("[data-delete-sure]").Click();

        Assert.False(_store.TryGet("a", out _));
        Assert.Empty(page.FindAll("[data-run-id]"));
    }

    private Task PutAsync(string id, RunStatus status) => _store.SaveAsync(
        new RunHeader
        {
            Id = id,
            Kind = "experiment",
            Model = "demo",
            Title = "no edit",
            CreatedAt = DateTimeOffset.UnixEpoch,
            Status = status,
            Reason = status == RunStatus.Interrupted ? "the program ended before the run did" : null,
        },
        "{}", Xunit.TestContext.Current.CancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _studies.Dispose();
        base.Dispose(disposing);
    }
}
