using RefusalExplorer.Engine;
using RefusalExplorer.Web.Runs;
using Xunit;

namespace RefusalExplorer.Web.Tests.Runs;

public sealed class RunHubTests : IDisposable
{
    private readonly RunHub _hub = new();

    [Fact]
    public async Task SecondWatcher_FindsTheSameRunWithAllEventsFolded()
    {
        var gate = new TaskCompletionSource();
        LiveRun<int> run = Start("r1", async (events, _) =>
        {
            events.Report(3);
            events.Report(4);
            await gate.Task;
        });
        await UntilAsync(run, () => run.State == 7);

        Assert.True(_hub.TryGet("r1", out LiveRun<int>? again));
        Assert.Equal(7, again.State);
        Assert.Equal(LiveStatus.Running, again.Status);

        gate.SetResult();
        await run.Completion;
        Assert.Equal(LiveStatus.Finished, run.Status);
    }

    [Fact]
    public async Task Cancel_StopsTheWork()
    {
        LiveRun<int> run = Start("r1", (_, ct) => Task.Delay(Timeout.Infinite, ct));

        run.Cancel();
        await run.Completion;

        Assert.Equal(LiveStatus.Cancelled, run.Status);
    }

    [Fact]
    public async Task BadInput_EndsWithItsOneLine()
    {
        LiveRun<int> run = Start("r1", (_, _) => throw new EngineException("L99-1: layer 99 has no SAE"));

        await run.Completion;

        Assert.Equal((LiveStatus.Failed, "L99-1: layer 99 has no SAE"), (run.Status, run.Error));
    }

    [Fact]
    public void TooManyAtOnce_IsRefused()
    {
        for (int i = 0; i < RunHub.MostRunning; i++)
            Start($"r{i}", (_, ct) => Task.Delay(Timeout.Infinite, ct));

        Assert.Throws<EngineBusyException>(() => Start("one more", (_, _) => Task.CompletedTask));
    }

    [Fact]
    public async Task EndedRuns_AreForgottenOldestFirst()
    {
        for (int i = 0; i < RunHub.MostEnded + 2; i++)
            await Start($"r{i}", (_, _) => Task.CompletedTask).Completion;

        Start("last", (_, _) => Task.CompletedTask);

        Assert.False(_hub.TryGet("r0", out _));
        Assert.True(_hub.TryGet($"r{RunHub.MostEnded + 1}", out _));
    }

    public void Dispose() => _hub.Dispose();

    private LiveRun<int> Start(string id, Func<IProgress<int>, CancellationToken, Task> work) =>
        _hub.Start<int, int>(id, "test", "a test", 0, (sum, x) => sum + x, work);

    private static async Task UntilAsync(LiveRun run, Func<bool> condition)
    {
        var reached = new TaskCompletionSource();
        void Check()
        {
            if (condition())
                reached.TrySetResult();
        }
        run.Changed += Check;
        Check();
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }
}
