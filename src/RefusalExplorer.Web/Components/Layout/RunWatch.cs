using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Components.Layout;

/// <summary>Follows one run for a component: renders it while the run goes on, at most once an interval, and says once that it has ended.</summary>
/// <param name="dispatch">The component's <c>InvokeAsync</c>.</param>
/// <param name="render">Its <c>StateHasChanged</c>.</param>
/// <param name="ended">What to do when the run has ended.</param>
/// <param name="interval">Between renderings; the coalescer's own where null.</param>
public sealed class RunWatch(Func<Func<Task>, Task> dispatch, Action render, Func<Task> ended, TimeSpan? interval = null) : IDisposable
{
    private readonly Coalescer _render = new(interval);
    private LiveRun? _run;

    /// <summary>Follows this run from now on, if it is under way; a run that is followed already is let be.</summary>
    public void Follow(LiveRun? run)
    {
        if (run is not { Status: LiveStatus.Running } || run == _run)
            return;
        Leave();
        _run = run;
        run.Changed += OnChanged;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Leave();
        _render.Dispose();
    }

    private void OnChanged() => _render.Request(() => dispatch(async () =>
    {
        render();
        if (_run is { Status: not LiveStatus.Running })
        {
            Leave();
            await ended();
        }
    }));

    private void Leave()
    {
        if (_run is not null)
            _run.Changed -= OnChanged;
        _run = null;
    }
}
