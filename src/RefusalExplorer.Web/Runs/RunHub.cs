using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Web.Runs;

/// <summary>
/// Running work by run id, kept apart from the pages that watch it: a page that is reloaded, or another browser, finds it again and sees the
/// same state. Each run folds its events into one state, so that what is kept does not grow with their number.
/// </summary>
public sealed class RunHub(TimeProvider? time = null) : IDisposable
{
    /// <summary>Runs that may be under way at once.</summary>
    public const int MostRunning = 32;

    /// <summary>Ended runs that are remembered; older ones are in the store.</summary>
    public const int MostEnded = 64;

    private readonly ConcurrentDictionary<string, LiveRun> _runs = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>A run began or ended; raised on any thread.</summary>
    public event Action? Changed;

    /// <summary>Runs under way, oldest first.</summary>
    public ImmutableArray<LiveRun> Running => [.. _runs.Values.Where(r => r.Status == LiveStatus.Running).OrderBy(r => r.StartedAt)];

    /// <summary>Starts work that goes on whatever its watchers do.</summary>
    /// <typeparam name="TState">What watchers see; immutable.</typeparam>
    /// <typeparam name="TEvent">What the work reports.</typeparam>
    /// <param name="id">Unique id.</param>
    /// <param name="kind">Kind of work, as in the run store.</param>
    /// <param name="title">One line for lists.</param>
    /// <param name="initial">State before the first event.</param>
    /// <param name="fold">The state after an event.</param>
    /// <param name="work">The work; it should check its token.</param>
    /// <exception cref="EngineBusyException">Too many runs are under way.</exception>
    /// <exception cref="EngineException">The id is taken.</exception>
    public LiveRun<TState> Start<TState, TEvent>(
        string id, string kind, string title, TState initial, Func<TState, TEvent, TState> fold,
        Func<IProgress<TEvent>, CancellationToken, Task> work)
    {
        var run = new LiveRun<TState>(id, kind, title, _time.GetUtcNow(), initial);
        lock (_gate)
        {
            EnsureRoom();
            if (!_runs.TryAdd(id, run))
                throw new EngineException($"run '{id}' is known already; choose another id");
            Forget();
        }
        run.Begin(fold, work, () => Changed?.Invoke());
        Changed?.Invoke();
        return run;
    }

    /// <summary>Says so where no further run can start.</summary>
    /// <exception cref="EngineBusyException">Too many runs are under way.</exception>
    public void EnsureRoom()
    {
        if (_runs.Values.Count(r => r.Status == LiveStatus.Running) >= MostRunning)
            throw new EngineBusyException($"{MostRunning} runs are under way already; stop one, or try again when one has ended");
    }

    /// <summary>The run of that id, under way or lately ended.</summary>
    public bool TryGet(string id, [NotNullWhen(true)] out LiveRun? run) => _runs.TryGetValue(id, out run);

    /// <summary>The run of that id if it has that state.</summary>
    public bool TryGet<TState>(string id, [NotNullWhen(true)] out LiveRun<TState>? run)
    {
        run = _runs.TryGetValue(id, out LiveRun? any) ? any as LiveRun<TState> : null;
        return run is not null;
    }

    /// <summary>Stops all work.</summary>
    public void Dispose()
    {
        foreach (LiveRun run in _runs.Values)
            run.Cancel();
    }

    private void Forget()
    {
        foreach (LiveRun old in _runs.Values.Where(r => r.Status != LiveStatus.Running).OrderByDescending(r => r.StartedAt).Skip(MostEnded))
        {
            if (_runs.TryRemove(old.Id, out _))
                old.Dispose();
        }
    }
}
