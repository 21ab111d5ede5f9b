using System.Runtime.CompilerServices;
using System.Threading.Channels;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Api.Runs;

/// <summary>Tells of a run's changes, a few times a second at most.</summary>
internal static class RunWatch
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(50);

    /// <summary>Yields at once, then whenever something has changed, and a last time when the run has ended.</summary>
    public static IAsyncEnumerable<bool> ChangesAsync(LiveRun run, CancellationToken cancellation) =>
        ChangesAsync(see => run.Changed += see, see => run.Changed -= see, () => run.Status != LiveStatus.Running, cancellation);

    /// <summary>The same for anything that can be watched.</summary>
    public static async IAsyncEnumerable<bool> ChangesAsync(
        Action<Action> subscribe, Action<Action> unsubscribe, Func<bool> hasEnded, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        void OnChanged() => changed.Writer.TryWrite(true);
        subscribe(OnChanged);
        try
        {
            while (true)
            {
                // Before the state is read: a change while it is read asks again.
                bool ended = hasEnded();
                yield return ended;
                if (ended)
                    yield break;
                await changed.Reader.ReadAsync(cancellation);
                await Task.Delay(Least, cancellation);
                changed.Reader.TryRead(out _);
            }
        }
        finally
        {
            unsubscribe(OnChanged);
        }
    }

    /// <summary>Events <c>progress</c> and, last, <c>end</c>, of a run that has no others.</summary>
    /// <param name="run">The run.</param>
    /// <param name="progress">What to tell of its state; null: nothing yet.</param>
    /// <param name="cancellation">The client is gone.</param>
    public static async IAsyncEnumerable<StreamEvent> ProgressAsync<TState>(
        LiveRun<TState> run, Func<TState, object?> progress, [EnumeratorCancellation] CancellationToken cancellation)
    {
        object? told = null;
        await foreach (bool ended in ChangesAsync(run, cancellation))
        {
            if (progress(run.State) is { } now && !now.Equals(told))
                yield return new StreamEvent("progress", told = now);
            if (ended)
                yield return End(run.Id, RunSummary.StateOf(run), run.Error);
        }
    }

    /// <summary>The last event.</summary>
    public static StreamEvent End(string id, RunState status, string? reason) => new("end", new { id, status, reason });

    /// <summary>The events of a run that has ended.</summary>
    public static async IAsyncEnumerable<StreamEvent> EndedAsync(string id, RunState status, string? reason)
    {
        yield return End(id, status, reason);
        await Task.CompletedTask;
    }
}
