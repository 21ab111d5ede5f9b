using RefusalExplorer.Engine;
using RefusalExplorer.Web.Api.Limits;
using Xunit;

namespace RefusalExplorer.Web.Tests.Api;

public sealed class FairQueueTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ClientWithManyRequests_DoesNotKeepOthersWaiting()
    {
        var queue = new FairQueue(atOnce: 1, capacity: 100);
        var order = new List<string>();
        FairQueue.Turn first = await queue.EnterAsync("greedy", Ct);
        Task[] all = [.. Enumerable.Repeat("greedy", 20).Concat(["modest", "quiet"]).Select(RunAsync)];
        Assert.Equal(22, queue.Waiting);

        first.Dispose();
        await Task.WhenAll(all);

        Assert.Equal(["greedy", "modest", "quiet", "greedy"], order.Take(4));
        Assert.Equal(22, order.Count);
        Assert.Equal(0, queue.Waiting);

        async Task RunAsync(string name)
        {
            using FairQueue.Turn turn = await queue.EnterAsync(name, Ct);
            order.Add(name);
        }
    }

    [Fact]
    public async Task FullQueue_RefusesAtOnce_AndTakesTheNextWhenThereIsRoom()
    {
        var queue = new FairQueue(atOnce: 1, capacity: 4);
        FairQueue.Turn turn = await queue.EnterAsync("a", Ct);
        Task<FairQueue.Turn>[] waiting = [queue.EnterAsync("a", Ct), queue.EnterAsync("a", Ct), queue.EnterAsync("b", Ct)];
        EngineBusyException own = await Assert.ThrowsAsync<EngineBusyException>(() => queue.EnterAsync("a", Ct));
        Assert.Contains("2 of your requests", own.Message, StringComparison.Ordinal);
        Task<FairQueue.Turn> last = queue.EnterAsync("c", Ct);
        EngineBusyException full = await Assert.ThrowsAsync<EngineBusyException>(() => queue.EnterAsync("d", Ct));
        Assert.Contains("4 requests wait", full.Message, StringComparison.Ordinal);

        turn.Dispose();
        (await waiting[0]).Dispose();
        (await waiting[2]).Dispose();
        (await last).Dispose();
        (await waiting[1]).Dispose();
        (await queue.EnterAsync("d", Ct)).Dispose();
    }

    [Fact]
    public async Task ThoseWhoGiveUp_LeaveNothingBehind()
    {
        var queue = new FairQueue(atOnce: 1, capacity: 2);
        FairQueue.Turn turn = await queue.EnterAsync("a", Ct);
        for (int i = 0; i < 100; i++)
        {
            using var gone = new CancellationTokenSource();
            Task<FairQueue.Turn> waiting = queue.EnterAsync("b", gone.Token);
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
            Assert.Equal(0, queue.Waiting);
        }
        turn.Dispose();
        turn.Dispose();
        using FairQueue.Turn next = await queue.EnterAsync("c", Ct);
        Assert.False(queue.EnterAsync("d", Ct).IsCompleted);
    }
}
