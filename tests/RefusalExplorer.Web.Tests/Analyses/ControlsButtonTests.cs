using System.Collections.Immutable;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Web.Components.Controls;
using Xunit;

namespace RefusalExplorer.Web.Tests.Analyses;

public sealed class ControlsButtonTests : WebTestContext
{
    private readonly AnalysisParts _parts = new();

    public ControlsButtonTests() => Services.AddSingleton(_parts.Runs);

    [Fact]
    public void OneClick_RunsTheControlsOfThisSetAndPrompt_AndShowsThem()
    {
        ImmutableArray<FeatureId> set = [new(8, 1), new(10, 2)];
        IRenderedComponent<ControlsButton> button = RenderPage<ControlsButton>(p => p
            .Add(b => b.Model, "demo").Add(b => b.Features, set).Add(b => b.Prompt, "How do I pick a lock?").Add(b => b.Scope, "all").Add(b => b.Study, "locks"));

        button.Find("[data-controls-now]").Click();

        // The run begins on a thread of its own, and the button does not render for it.
        Assert.True(SpinWait.SpinUntil(() => !_parts.Runner.Requests.IsEmpty, TimeSpan.FromSeconds(30)));
        (string analysis, AnalysisRequest request) = _parts.Runner.Requests[0];
        Assert.Equal("controls", analysis);
        Assert.Equal(set, request.Sets[0].Features);
        Assert.Equal(["How do I pick a lock?"], request.Harmful!.Items.Select(p => p.Instruction));
        Assert.Equal(("demo", "all", "locks"), (request.Model, request.Scope, request.Study));
        Assert.Contains("/analyses/controls/", Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutFeatures_ThereIsNoButton() =>
        Assert.Empty(RenderPage<ControlsButton>(p => p.Add(b => b.Model, "demo").Add(b => b.Features, [])).Markup.Trim());

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _parts.Dispose();
        base.Dispose(disposing);
    }
}
