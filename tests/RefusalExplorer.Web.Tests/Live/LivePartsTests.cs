using Bunit;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Components.Pages.Live;
using RefusalExplorer.Web.Hosting.Security;
using RefusalExplorer.Web.Live;
using RefusalExplorer.Web.Tests.Analyses;
using Xunit;

namespace RefusalExplorer.Web.Tests.Live;

public sealed class LivePartsTests : WebTestContext
{
    private readonly LiveSessions _sessions = new(new ScriptedLiveRunner(), TimeProvider.System);
    private readonly LiveSession _session;

    public LivePartsTests()
    {
        _session = _sessions.Start("demo", LiveBlur.Hidden);
        Services.AddSingleton<IExploreCatalog>(new FakeExploreCatalog());
        Services.AddSingleton(new AccessPolicy(new AccessSettings()));
    }

    [Fact]
    public async Task TheAudiencesLink_IsClosed_AndOnlyThenTheKeyGoesOn()
    {
        IRenderedComponent<LiveBar> bar = Render<LiveBar>(p => p.Add(c => c.Session, _session).Add(c => c.RootId, "live"));
        bar.Find("button[aria-expanded]").Click();
        Assert.NotEmpty(bar.FindAll("[data-live-link]"));

        Assert.True(await bar.InvokeAsync(bar.Instance.CloseLink));

        Assert.Empty(bar.FindAll("[data-live-link]"));
        Assert.False(await bar.InvokeAsync(bar.Instance.CloseLink));
    }

    [Fact]
    public void AHarmfulPrompt_IsSaidToStayCovered_AndTheHintLeadsToTheFirstMessage()
    {
        IRenderedComponent<LiveMessage> message = Render<LiveMessage>(p => p.Add(c => c.Session, _session));
        Assert.NotEmpty(message.FindAll(".live-hint"));

        message.Find("select").Change("harmful_test:0");

        AngleSharp.Dom.IElement field = message.Find("input[aria-label='Message']");
        Assert.True(field.HasAttribute("disabled"));
        Assert.Contains("stays covered", field.GetAttribute("placeholder")!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Layers_NameTheirEnds_AndDrawTheBaselineOnTop()
    {
        _session.Move([new LiveSlider(new FeatureId(12, 98), 5)]);
        await _session.SayAsync("a message", sensitive: true);

        IRenderedComponent<LiveLayers> layers = Render<LiveLayers>(p => p.Add(c => c.State, _session.State));

        Assert.Equal(["1", "1e-3", "+0.45", "0", "−0.45"], layers.FindAll(".live-ticks span").Select(t => t.TextContent));
        Assert.Equal(["steered", "baseline", "steered", "baseline"], layers.FindAll("polyline").Select(l => l.ClassName));
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _sessions.Dispose();
        base.Dispose(disposing);
    }
}
