using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Web.Analyses;
using RefusalExplorer.Web.Runs;
using Xunit;

namespace RefusalExplorer.Web.Tests.Analyses;

public sealed class AnalysisModelTests : IDisposable
{
    private readonly AnalysisParts _parts = new();

    [Fact]
    public async Task Run_LeavesToTheAnalysisWhatTheFormLeavesOut_AndShowsItsResult()
    {
        using AnalysisModel model = _parts.Model();
        model.Open("attack-success", new AnalysisForm());

        string? id = await model.RunAsync();
        await model.Live!.Completion;
        model.Refresh();

        Assert.NotNull(id);
        AnalysisRequest request = Assert.Single(_parts.Runner.Requests).Request;
        Assert.Empty(request.Sets);
        Assert.Null(request.Harmful);
        Assert.Equal(["It found something."], model.Stored!.Result!.Output.Findings);
    }

    [Fact]
    public async Task AnotherModel_FindsTheRunByItsId_WhileItRunsAndAfter()
    {
        var gate = new TaskCompletionSource();
        _parts.Runner.Gate = _ => gate.Task;
        using AnalysisModel first = _parts.Model();
        first.Open("controls", new AnalysisForm { Seed = 5 });
        string id = (await first.RunAsync())!;
        await WaitFor(() => first.Live!.State.Progress is not null);

        using AnalysisModel second = _parts.Model();
        second.OpenRun("controls", id);
        Assert.True(second.Running);
        Assert.Equal("Working: 1 of 4", second.Live!.State.What);
        Assert.Equal(5, second.Form.Seed);
        Assert.False(second.Diverged);

        gate.SetResult();
        await second.Live.Completion;
        second.Refresh();
        Assert.NotNull(second.Stored!.Result);
    }

    [Fact]
    public async Task Stop_EndsTheRun_AndTheFormStays()
    {
        _parts.Runner.Gate = ct => Task.Delay(Timeout.Infinite, ct);
        using AnalysisModel model = _parts.Model();
        model.Open("controls", new AnalysisForm { Seed = 5 });
        string id = (await model.RunAsync())!;
        model.Stop();
        await model.Live!.Completion;
        model.Refresh();

        Assert.Equal(LiveStatus.Cancelled, model.Live.Status);
        Assert.Null(model.Stored!.Result);

        using AnalysisModel later = _parts.Model();
        later.OpenRun("controls", id);
        Assert.Equal(5, later.Form.Seed);
    }

    [Fact]
    public async Task Failure_IsShown()
    {
        _parts.Runner.Failure = new PipelineException("L99-1: layer 99 has no SAE");
        using AnalysisModel model = _parts.Model();
        model.Open("controls", new AnalysisForm());
        await model.RunAsync();
        await model.Live!.Completion;
        model.Refresh();

        Assert.Equal("L99-1: layer 99 has no SAE", model.Error);
    }

    [Theory]
    [InlineData("pasted~nonsense", "'nonsense' is no feature")]
    [InlineData("explore~abc", "there is none of that id")]
    [InlineData("study~Minimal~none", "study 'none'")]
    [InlineData("run~none", "run 'none'")]
    public async Task BadSets_AreSaidBeforeAnythingRuns(string set, string expected)
    {
        using AnalysisModel model = _parts.Model();
        model.Open("controls", AnalysisUrl.Read($"?s={set}", out _));

        Assert.Null(await model.RunAsync());
        Assert.Contains(expected, model.Error, StringComparison.Ordinal);
        Assert.Empty(_parts.Runner.Requests);
    }

    [Fact]
    public async Task SameSet_RunsInAnotherAnalysis_WithTheSamePrompts()
    {
        using AnalysisModel model = _parts.Model();
        model.Open("attack-success", AnalysisUrl.Read("?s=pasted~L1-2&harmful=own~~one%0Atwo&seed=3", out _));
        await model.RunAsync();
        await model.Live!.Completion;
        model.Refresh();

        string? other = model.RunSame("controls");

        Assert.NotNull(other);
        await _parts.Runs.Live(other)!.Completion;
        (string analysis, AnalysisRequest request) = _parts.Runner.Requests[1];
        Assert.Equal("controls", analysis);
        Assert.Equal([new FeatureId(1, 2)], request.Sets[0].Features);
        Assert.Equal(["one", "two"], request.Harmful!.Items.Select(i => i.Instruction));
    }

    [Fact]
    public async Task ASecondSetAlone_DoesNotTakeTheFirstsPlace()
    {
        using AnalysisModel model = _parts.Model();
        model.Open("causal-links", AnalysisUrl.Read("?s2=pasted~L1-2", out _));
        await model.RunAsync();
        await model.Live!.Completion;

        ImmutableArray<AnalysisFeatureSet> sets = Assert.Single(_parts.Runner.Requests).Request.Sets;
        Assert.Equal(2, sets.Length);
        Assert.Equal("top 5 by cosine", sets[0].Name);
        Assert.Equal([new FeatureId(1, 2)], sets[1].Features);
    }

    [Fact]
    public void RateAndRemainingTime_FollowThePhase()
    {
        DateTimeOffset start = DateTimeOffset.UnixEpoch;
        AnalysisState state = new AnalysisState("x").After(new("A", 0, 100), start).After(new("A", 20, 100), start.AddSeconds(10));
        Assert.Equal("2.0/s · about 40 s left in this step", state.Rate);

        Assert.Null(state.After(new("B", 0, 10), start.AddSeconds(11)).Rate);
    }

    public void Dispose() => _parts.Dispose();

    private static async Task WaitFor(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(5, TestContext.Current.CancellationToken);
    }
}
