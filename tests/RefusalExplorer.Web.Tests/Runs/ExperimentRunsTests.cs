using Microsoft.Extensions.Logging.Abstractions;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Runs;
using RefusalExplorer.Web.Tests.Fakes;
using Xunit;

namespace RefusalExplorer.Web.Tests.Runs;

public sealed class ExperimentRunsTests : IDisposable
{
    private static readonly ExperimentRequest Request = new()
    {
        Model = "demo",
        Prompt = PromptSource.User("Hello"),
        Interventions =
        [
            Intervention.Ablate([new FeatureId(3, 17), new FeatureId(4, 2)], TokenScope.AllButFirst),
            Intervention.Clamp([new FeatureId(5, 1)], 4.5, TokenScope.At([3, 5])),
            Intervention.Add([0.25f, -1f], 2, 8, TokenScope.Last(4)),
            Intervention.ProjectOut([0.1f, 0.2f], TokenScope.Generated),
        ],
        Inspect = [new FeatureId(9, 9)],
    };

    private readonly RunHub _hub = new();
    private readonly MemoryRunStore _store = new();
    private readonly ScriptedExperimentRunner _runner = new();
    private readonly ExperimentRuns _runs;

    public ExperimentRunsTests() => _runs = new ExperimentRuns(_hub, _runner, _store, TimeProvider.System, NullLogger<ExperimentRuns>.Instance);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_PutsTheRunIntoTheStoreBeforeItRuns_AndItsResultAfter()
    {
        var gate = new TaskCompletionSource();
        _runner.Gate = (_, _) => gate.Task;

        LiveRun<ExperimentState> run = await _runs.StartAsync(Request, cancellation: Ct);
        Assert.True(_store.TryGet(run.Id, out StoredRun? started));
        Assert.Equal(RunStatus.Running, started.Header.Status);
        Assert.Null(StoredExperiment.Read(started).Result);

        gate.SetResult();
        await run.Completion;
        Assert.True(_store.TryGet(run.Id, out StoredRun? ended));
        Assert.Equal(RunStatus.Finished, ended.Header.Status);
        Assert.Equal("Sure, here", StoredExperiment.Read(ended).Result!.Arms[0].Text);
        Assert.Equal(LiveStatus.Finished, run.Status);
    }

    [Fact]
    public async Task StoredRun_GivesTheRequestBack_WithAllItsEdits()
    {
        LiveRun<ExperimentState> run = await _runs.StartAsync(Request, cancellation: Ct);
        await run.Completion;
        _store.TryGet(run.Id, out StoredRun? stored);

        ExperimentRequest back = StoredExperiment.Read(stored!).Request;

        Assert.Equal(Request.Interventions.Length, back.Interventions.Length);
        foreach ((Intervention asked, Intervention read) in Request.Interventions.Zip(back.Interventions))
        {
            Assert.Equal(asked.Op, read.Op);
            Assert.Equal(asked.Features, read.Features);
            Assert.Equal(asked.Value, read.Value);
            Assert.Equal(asked.Scope, read.Scope);
            Assert.Equal(asked.Layers ?? [], read.Layers ?? []);
            Assert.Equal(asked.Vector ?? [], read.Vector ?? []);
        }
        Assert.Equal(Request.Inspect, back.Inspect);
        Assert.Equal(Request.Prompt.Messages, back.Prompt.Messages);
    }

    [Fact]
    public async Task State_FoldsTokensOfBothArms()
    {
        LiveRun<ExperimentState> run = await _runs.StartAsync(Request, cancellation: Ct);
        await run.Completion;

        Assert.Equal(["Sure, here", "Sure, here"], run.State.Arms.Values.Select(a => a.Text));
        Assert.Equal([Arm.Baseline, Arm.Intervened], run.State.Arms.Keys);
        Assert.Null(run.State.Phase);
    }

    [Fact]
    public async Task CancelMidToken_KeepsWhatWasSaid()
    {
        var reached = new TaskCompletionSource();
        _runner.Gate = (w, ct) =>
        {
            if (w != 1)
                return Task.CompletedTask;
            reached.SetResult();
            return Task.Delay(Timeout.Infinite, ct);
        };
        LiveRun<ExperimentState> run = await _runs.StartAsync(Request, cancellation: Ct);
        await reached.Task.WaitAsync(Ct);

        run.Cancel();
        await run.Completion;

        Assert.Equal(LiveStatus.Cancelled, run.Status);
        Assert.True(_store.TryGet(run.Id, out StoredRun? stored));
        ExperimentResult result = StoredExperiment.Read(stored).Result!;
        Assert.True(result.Cancelled);
        Assert.Equal("Sure", result.Arms[0].Text);
    }

    [Fact]
    public async Task StoppedInTheQueue_IsInterrupted_AndNoLongerWaits_HereAndInTheStore()
    {
        var reached = new TaskCompletionSource();
        _runner.Queue = true;
        _runner.Gate = (_, ct) =>
        {
            reached.TrySetResult();
            return Task.Delay(Timeout.Infinite, ct);
        };
        LiveRun<ExperimentState> run = await _runs.StartAsync(Request, cancellation: Ct);
        await reached.Task.WaitAsync(Ct);
        Assert.Equal("Waiting: 1 run before this one", RunStatusText.Of(run.State, run, null));

        run.Cancel();
        await run.Completion;

        Assert.Equal("Stopped before it began", RunStatusText.Of(run.State, run, null));
        (RunHeader header, ExperimentState state) = _runs.Load(run.Id);
        Assert.Equal(RunStatus.Interrupted, header.Status);
        Assert.StartsWith("Stopped before it began · ", RunStatusText.Of(state, null, header), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OutOfMemory_FailsTheRunWithItsLine_InMemoryAndInTheStore()
    {
        _runner.Failure = new EngineMemoryException("experiment: out of memory on the device; use fewer prompts");
        LiveRun<ExperimentState> run = await _runs.StartAsync(Request, cancellation: Ct);
        await run.Completion;

        Assert.Equal(LiveStatus.Failed, run.Status);
        Assert.True(_store.TryGet(run.Id, out StoredRun? stored));
        Assert.Equal((RunStatus.Failed, run.Error), (stored.Header.Status, stored.Header.Reason));
    }

    [Fact]
    public async Task StoreFullAtTheStart_StartsNothing()
    {
        _store.OnSave = _ => throw new StoreException("the disk is full");

        await Assert.ThrowsAsync<StoreException>(() => _runs.StartAsync(Request, cancellation: Ct));

        Assert.Empty(_runner.Runs);
        Assert.Empty(_hub.Running);
    }

    [Fact]
    public async Task StoreFullAtTheEnd_StillShowsTheResult_AndSaysThatItIsNotStored()
    {
        _store.OnSave = header =>
        {
            if (header.Status != RunStatus.Running)
                throw new StoreException("the disk is full");
        };
        LiveRun<ExperimentState> run = await _runs.StartAsync(Request, cancellation: Ct);
        await run.Completion;

        Assert.Equal(LiveStatus.Finished, run.Status);
        Assert.NotNull(run.State.Result);
        Assert.Equal("the disk is full", run.State.StoreProblem);
    }

    [Fact]
    public async Task FullHub_RefusesAsBusy_AndLeavesNothingInTheStore()
    {
        _runner.Gate = (_, ct) => Task.Delay(Timeout.Infinite, ct);
        for (int i = 0; i < RunHub.MostRunning; i++)
            await _runs.StartAsync(Request, cancellation: Ct);

        await Assert.ThrowsAsync<EngineBusyException>(() => _runs.StartAsync(Request, "one more", Ct));

        Assert.False(_store.TryGet("one more", out _));
    }

    [Fact]
    public void Title_SaysWhatIsDone_AndNothingOfThePrompt()
    {
        Assert.Equal("Ablate, Clamp, Add, ProjectOut: 3 features", StoredExperiment.TitleOf(Request));
        Assert.Equal("Baseline", StoredExperiment.TitleOf(Request with { Interventions = [] }));
    }

    public void Dispose() => _hub.Dispose();
}
