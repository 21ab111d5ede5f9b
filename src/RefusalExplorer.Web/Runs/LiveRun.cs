using RefusalExplorer.Engine;

namespace RefusalExplorer.Web.Runs;

/// <summary>Where a live run stands.</summary>
public enum LiveStatus
{
    /// <summary>Under way, or waiting.</summary>
    Running,

    /// <summary>Ended by itself.</summary>
    Finished,

    /// <summary>Ended with an error; see <see cref="LiveRun.Error"/>.</summary>
    Failed,

    /// <summary>Stopped by somebody.</summary>
    Cancelled,
}

/// <summary>A run that this process knows of.</summary>
public abstract class LiveRun(string id, string kind, string title, DateTimeOffset startedAt) : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();

    /// <summary>The state or the status changed; raised on the thread that does the work, so watchers coalesce.</summary>
    public event Action? Changed;

    /// <summary>Unique id.</summary>
    public string Id { get; } = id;

    /// <summary>Kind of work.</summary>
    public string Kind { get; } = kind;

    /// <summary>One line for lists.</summary>
    public string Title { get; } = title;

    /// <summary>UTC start.</summary>
    public DateTimeOffset StartedAt { get; } = startedAt;

    /// <summary>Where it stands.</summary>
    public LiveStatus Status { get; private set; } = LiveStatus.Running;

    /// <summary>Whether somebody asked it to stop.</summary>
    public bool Stopping => _cancellation.IsCancellationRequested && Status == LiveStatus.Running;

    /// <summary>Why it failed, one line; null otherwise.</summary>
    public string? Error { get; private set; }

    /// <summary>Ends when the run has ended, however it did; never faults.</summary>
    public Task Completion { get; protected set; } = Task.CompletedTask;

    /// <summary>Asks it to stop; it ends soon after.</summary>
    public void Cancel()
    {
        if (Status != LiveStatus.Running)
            return;
        _cancellation.Cancel();
        Raise();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cancellation.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Tells watchers.</summary>
    protected void Raise() => Changed?.Invoke();

    /// <summary>Does the work and keeps how it ended.</summary>
    protected async Task RunAsync(Func<CancellationToken, Task> work, Action ended)
    {
        try
        {
            await work(_cancellation.Token).ConfigureAwait(false);
            Status = _cancellation.IsCancellationRequested ? LiveStatus.Cancelled : LiveStatus.Finished;
        }
        catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
        {
            Status = LiveStatus.Cancelled;
        }
        catch (EngineException e)
        {
            (Error, Status) = (e.Message, LiveStatus.Failed);
        }
        catch (Exception e)
        {
            (Error, Status) = ($"{Title}: {e.GetType().Name}: {e.Message.Split('\n')[0]}", LiveStatus.Failed);
        }
        Raise();
        ended();
    }
}

/// <summary>A run with what its watchers see.</summary>
/// <typeparam name="TState">Immutable.</typeparam>
public sealed class LiveRun<TState>(string id, string kind, string title, DateTimeOffset startedAt, TState initial)
    : LiveRun(id, kind, title, startedAt)
{
    private readonly Lock _gate = new();

    /// <summary>All events so far, folded.</summary>
    public TState State { get; private set; } = initial;

    internal void Begin<TEvent>(Func<TState, TEvent, TState> fold, Func<IProgress<TEvent>, CancellationToken, Task> work, Action ended)
    {
        var progress = new Progress<TEvent>(this, fold);
        Completion = Task.Run(() => RunAsync(ct => work(progress, ct), ended));
    }

    /// <summary>Changes what watchers see.</summary>
    internal void Update(Func<TState, TState> change)
    {
        lock (_gate)
            State = change(State);
        Raise();
    }

    private sealed class Progress<TEvent>(LiveRun<TState> run, Func<TState, TEvent, TState> fold) : IProgress<TEvent>
    {
        public void Report(TEvent value)
        {
            run.Update(state => fold(state, value));
        }
    }
}
