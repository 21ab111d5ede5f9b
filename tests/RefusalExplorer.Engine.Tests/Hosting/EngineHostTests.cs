using RefusalExplorer.Engine.Hosting;
using Xunit;

namespace RefusalExplorer.Engine.Tests.Hosting;

public sealed class EngineHostTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunAsync_ManyItems_RunsInOrderOnOneThread()
    {
        await using var host = new EngineHost(new EngineOptions());
        var order = new List<(int Item, int Thread)>();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => host.RunAsync("item", (_, _) =>
        {
            order.Add((i, Environment.CurrentManagedThreadId));
            return i;
        }, cancellation: Ct)));

        Assert.Equal(Enumerable.Range(0, 20), order.Select(o => o.Item));
        Assert.Single(order.Select(o => o.Thread).Distinct());
        Assert.Equal(0, host.QueueLength);
    }

    [Fact]
    public async Task RunAsync_FullQueue_RefusesWithOneClearLine()
    {
        await using var host = new EngineHost(new EngineOptions { QueueCapacity = 1 });
        using var release = new ManualResetEventSlim();
        using var started = new ManualResetEventSlim();
        Task<int> running = host.RunAsync("long", (_, _) => Wait(started, release), cancellation: Ct);
        started.Wait(Ct);
        Task<int> waiting = host.RunAsync("waiting", (_, _) => 2, cancellation: Ct);

        EngineException e = Assert.Throws<EngineBusyException>(() => { _ = host.RunAsync("one too many", (_, _) => 3, cancellation: Ct); });

        Assert.Contains("one too many: the queue is full", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        release.Set();
        int[] results = await Task.WhenAll(running, waiting);
        Assert.Equal([1, 2], results);
    }

    [Fact]
    public async Task RunAsync_WorkThatThrows_FailsAloneAndTheEngineLivesOn()
    {
        await using var host = new EngineHost(new EngineOptions());

        Task<int> failing = host.RunAsync<int>("bad", (_, _) => throw new EngineException("bad input"), cancellation: Ct);

        Assert.Equal("bad input", (await Assert.ThrowsAsync<EngineException>(() => failing)).Message);
        Assert.Equal(7, await host.RunAsync("good", (_, _) => 7, cancellation: Ct));
    }

    [Fact]
    public async Task RunAsync_OutOfMemory_IsAnErrorOfThatRunAlone()
    {
        await using var host = new EngineHost(new EngineOptions());

        Task<int> failing = host.RunAsync<int>(
            "big", (_, _) => throw new LibTorchError("CUDA out of memory. Tried to allocate"), cancellation: Ct);

        EngineMemoryException e = await Assert.ThrowsAsync<EngineMemoryException>(() => failing);
        Assert.StartsWith("big: out of memory on the device", e.Message, StringComparison.Ordinal);
        Assert.Equal(7, await host.RunAsync("good", (_, _) => 7, cancellation: Ct));
    }

    [Fact]
    public async Task RunAsync_CancelledWhileWaiting_LeavesTheQueueAtOnceAndMovesOthersUp()
    {
        await using var host = new EngineHost(new EngineOptions());
        using var release = new ManualResetEventSlim();
        using var started = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        Task<int> running = host.RunAsync("long", (_, _) => Wait(started, release), cancellation: Ct);
        started.Wait(Ct);
        Task<int> cancelled = host.RunAsync("cancelled", (_, _) => 2, cancellation: cancel.Token);
        var positions = new List<int>();
        Task<int> last = host.RunAsync("last", (_, _) => 3, positions.Add, Ct);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal([2, 1], positions);
        release.Set();
        Assert.Equal(3, await last);
        Assert.Equal([2, 1, 0], positions);
        await running;
    }

    // TorchSharp reports what LibTorch says as this type.
    private sealed class LibTorchError(string message) : System.Runtime.InteropServices.ExternalException(message);

    private static int Wait(ManualResetEventSlim started, ManualResetEventSlim release)
    {
        started.Set();
        release.Wait();
        return 1;
    }
}
