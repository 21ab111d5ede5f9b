namespace RefusalExplorer.Web.Components.Layout;

/// <summary>Turns many requests to render into at most one each interval; the last one is never lost.</summary>
public sealed class Coalescer(TimeSpan? interval = null) : IDisposable
{
    private readonly TimeSpan _interval = interval ?? TimeSpan.FromMilliseconds(80);
    private readonly CancellationTokenSource _disposed = new();
    private int _pending;

    /// <summary>Asks for <paramref name="render"/> soon.</summary>
    public void Request(Func<Task> render)
    {
        if (Interlocked.Exchange(ref _pending, 1) == 1)
            return;
        _ = LaterAsync(render);
    }

    /// <summary>No render begins after this.</summary>
    public void Dispose() => _disposed.Cancel();

    private async Task LaterAsync(Func<Task> render)
    {
        try
        {
            await Task.Delay(_interval, _disposed.Token).ConfigureAwait(false);
            // Before the render, so that what changes during it asks again.
            Interlocked.Exchange(ref _pending, 0);
            await render().ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The component is gone.
        }
    }
}
