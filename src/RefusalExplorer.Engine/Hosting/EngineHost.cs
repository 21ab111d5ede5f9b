using System.Diagnostics;
using System.Threading.Channels;
using RefusalExplorer.Engine.Native;

namespace RefusalExplorer.Engine.Hosting;

/// <summary>One engine thread fed by a bounded queue. All tensor work runs there, so scopes and no_grad hold for all of it.</summary>
public sealed class EngineHost : IAsyncDisposable
{
    private readonly Channel<WorkItem> _queue;
    private readonly List<WorkItem> _waiting = [];
    private readonly Lock _gate = new();
    private readonly Thread _thread;
    private readonly EngineSession _session = new();
    private readonly EngineOptions _options;
    private readonly EngineMetrics _metrics;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Starts the thread; LibTorch and models load on first use.</summary>
    public EngineHost(EngineOptions options)
    {
        _options = options;
        _metrics = new EngineMetrics(this);
        _queue = Channel.CreateBounded<WorkItem>(new BoundedChannelOptions(options.QueueCapacity) { SingleReader = true });
        _thread = new Thread(Loop) { IsBackground = true, Name = "engine" };
        _thread.Start();
    }

    /// <summary>Work that waits or runs.</summary>
    public int QueueLength
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>Whether another piece of work would be taken.</summary>
    public bool HasRoom => _queue.Reader.Count < _options.QueueCapacity;

    /// <summary>Queues synchronous work for the engine thread.</summary>
    /// <param name="what">Shown to those who wait.</param>
    /// <param name="work">Runs on the engine thread; no tensor may leave it.</param>
    /// <param name="queuePosition">Told how many pieces of work are before this one, whenever that changes; 0 when it starts.</param>
    /// <param name="cancellation">Takes waiting work out of the queue, and is handed to running work.</param>
    /// <exception cref="EngineBusyException">The queue is full.</exception>
    /// <exception cref="EngineMemoryException">The device ran out of memory.</exception>
    public Task<T> RunAsync<T>(
        string what, Func<EngineSession, CancellationToken, T> work, Action<int>? queuePosition = null, CancellationToken cancellation = default)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var item = new WorkItem(what, queuePosition, () => completion.TrySetResult(work(_session, cancellation)), Fail, cancellation);
        lock (_gate)
        {
            if (!_queue.Writer.TryWrite(item))
            {
                throw new EngineBusyException(
                    $"{what}: the queue is full, {_waiting.Count} runs wait; try again when one has ended, or raise Engine:QueueCapacity");
            }
            _waiting.Add(item);
            queuePosition?.Invoke(_waiting.Count - 1);
        }
        if (cancellation.CanBeCanceled)
            item.Registration = cancellation.Register(() => Withdraw(item));
        return completion.Task;

        void Fail(Exception e)
        {
            if (e is OperationCanceledException canceled)
                completion.TrySetCanceled(canceled.CancellationToken);
            else
                completion.TrySetException(e);
        }
    }

    /// <summary>Ends the thread after the running piece of work and disposes all models.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _stopped.Task.ConfigureAwait(false);
    }

    private void Loop()
    {
        try
        {
            while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                while (_queue.Reader.TryRead(out WorkItem? item))
                    Run(item);
            }
        }
        finally
        {
            _session.Dispose();
            _metrics.Dispose();
            _stopped.SetResult();
        }
    }

    private void Run(WorkItem item)
    {
        if (item.Withdrawn)
            return;
        long began = Stopwatch.GetTimestamp();
        _metrics.Began(Stopwatch.GetElapsedTime(item.Queued, began));
        string outcome = Outcome(item);
        // Before the next one starts, and before whoever waits for a free queue looks.
        Remove(item);
        _metrics.Ended(Stopwatch.GetElapsedTime(began), outcome);
    }

    private string Outcome(WorkItem item)
    {
        try
        {
            item.Cancellation.ThrowIfCancellationRequested();
            TorchNative.EnsureLoaded(_options.TorchInstallation, _options.Threads);
            item.Work();
            return "ok";
        }
        catch (Exception e) when (IsOutOfMemory(e))
        {
            item.Fail(new EngineMemoryException(
                $"{item.What}: out of memory on the device; use fewer or shorter prompts, a smaller model, or bfloat16 ({FirstLine(e)})", e));
            return "out_of_memory";
        }
        catch (Exception e)
        {
            item.Fail(e);
            return e is OperationCanceledException ? "cancelled" : "failed";
        }
        finally
        {
            item.Registration.Dispose();
        }
    }

    private void Withdraw(WorkItem item)
    {
        lock (_gate)
        {
            if (_waiting.Count > 0 && _waiting[0] == item)
                return; // It runs, or is about to: it sees the token itself.
            item.Withdrawn = true;
        }
        item.Fail(new OperationCanceledException(item.Cancellation));
        Remove(item);
    }

    private void Remove(WorkItem item)
    {
        lock (_gate)
        {
            if (!_waiting.Remove(item))
                return;
            for (int i = 0; i < _waiting.Count; i++)
                _waiting[i].QueuePosition?.Invoke(i);
        }
    }

    private static bool IsOutOfMemory(Exception e) =>
        e is OutOfMemoryException ||
        (e is System.Runtime.InteropServices.ExternalException && e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase));

    private static string FirstLine(Exception e) => e.Message.Split('\n')[0];

    private sealed record WorkItem(string What, Action<int>? QueuePosition, Action Work, Action<Exception> Fail, CancellationToken Cancellation)
    {
        public CancellationTokenRegistration Registration { get; set; }

        /// <summary>When it was queued, by the stopwatch.</summary>
        public long Queued { get; } = Stopwatch.GetTimestamp();

        public bool Withdrawn { get; set; }

        public bool Equals(WorkItem? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
    }
}

/// <summary>Settings of the engine.</summary>
public sealed record EngineOptions
{
    /// <summary>Pieces of work that may wait.</summary>
    public int QueueCapacity { get; init; } = 64;

    /// <summary>Folder of an installed PyTorch to run on instead of the packaged LibTorch, or null.</summary>
    public string? TorchInstallation { get; init; }

    /// <summary>Threads for tensor operations on the CPU, or null for LibTorch's own choice.</summary>
    public int? Threads { get; init; }
}
