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
        Task<FairQueue.Turn>[] waiting = [.. "abcd".Select(c => queue.EnterAsync($"{c}", Ct))];
        EngineBusyException full = await Assert.ThrowsAsync<EngineBusyException>(() => queue.EnterAsync("e", Ct));
        Assert.Contains("4 requests wait already; try again", full.Message, StringComparison.Ordinal);

        turn.Dispose();
        Task<FairQueue.Turn> last = queue.EnterAsync("e", Ct);
        foreach (Task<FairQueue.Turn> next in waiting.Append(last))
            (await next).Dispose();
    }

    [Fact]
    public async Task NobodyHoldsMoreThanHalfOfThePlaces()
    {
        var queue = new FairQueue(atOnce: 1, capacity: 4);
        using FairQueue.Turn turn = await queue.EnterAsync("a", Ct);
        _ = queue.EnterAsync("a", Ct);
        _ = queue.EnterAsync("a", Ct);

        EngineBusyException own = await Assert.ThrowsAsync<EngineBusyException>(() => queue.EnterAsync("a", Ct));

        Assert.Contains("2 of your requests", own.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FullQueue_GivesTheNewestPlaceOfWhoHoldsMost_ToWhoHoldsLess()
    {
        var queue = new FairQueue(atOnce: 1, capacity: 4);
        FairQueue.Turn turn = await queue.EnterAsync("greedy", Ct);
        Task<FairQueue.Turn>[] greedy = [queue.EnterAsync("greedy", Ct), queue.EnterAsync("greedy", Ct)];
        Task<FairQueue.Turn>[] others = [queue.EnterAsync("b", Ct), queue.EnterAsync("c", Ct), queue.EnterAsync("d", Ct)];

        EngineBusyException displaced = await Assert.ThrowsAsync<EngineBusyException>(() => greedy[1]);
        Assert.Contains("fewer turns", displaced.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<EngineBusyException>(() => queue.EnterAsync("greedy", Ct));
        Assert.Equal(4, queue.Waiting);
        turn.Dispose();
        foreach (Task<FairQueue.Turn> next in others.Prepend(greedy[0]))
            (await next).Dispose();
        Assert.Equal(0, queue.Waiting);
    }

    /// <summary>More clients than places, each with one request at a time, which ask again at different paces: the slow ones get as much.</summary>
    [Fact]
    public async Task FullQueue_ServesAllClientsAlike_HoweverOftenTheyAsk()
    {
        const int Clients = 40, Turns = 2_000;
        var queue = new FairQueue(atOnce: 1, capacity: 10);
        int[] served = new int[Clients];
        var waiting = new Dictionary<int, Task<FairQueue.Turn>>();
        FairQueue.Turn turn = await queue.EnterAsync("first", Ct);
        for (int n = 0; n < Turns; n++)
        {
            // Client c asks in every round, or in each second, or ... in each fourth.
            foreach (int c in Enumerable.Range(0, Clients).Where(c => n % (1 + c % 4) == 0 && !waiting.ContainsKey(c)))
            {
                try
                {
                    waiting[c] = queue.EnterAsync($"{c}", Ct);
                }
                catch (EngineBusyException)
                {
                    // Refused; it asks again.
                }
            }
            turn.Dispose();
            while (!waiting.Values.Any(w => w.IsCompletedSuccessfully))
                await Task.Yield();
            foreach (int c in waiting.Where(w => w.Value.IsFaulted).Select(w => w.Key).ToList())
                waiting.Remove(c);
            int next = waiting.Single(w => w.Value.IsCompletedSuccessfully).Key;
            waiting.Remove(next, out Task<FairQueue.Turn>? mine);
            turn = await mine!;
            served[next]++;
        }
        turn.Dispose();

        Assert.Equal(Turns, served.Sum());
        Assert.InRange(served.Max() - served.Min(), 0, Turns / Clients / 10);
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
