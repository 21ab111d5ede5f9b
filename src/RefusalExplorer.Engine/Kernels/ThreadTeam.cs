namespace RefusalExplorer.Engine.Kernels;

/// <summary>
/// A few threads that run one piece of work together with the caller. A decode step has a hundred such pieces of 20–100 µs each, so
/// members spin briefly for the next one before they sleep; a thread pool's hand-over would cost as much as the work.
/// </summary>
internal sealed class ThreadTeam : IDisposable
{
    private const int SpinsBeforeSleep = 2000;
    private readonly Thread[] _members;
    private readonly SemaphoreSlim _wake = new(0);
    private Action<int>? _work;
    private volatile int _generation;
    private volatile int _pending;
    private volatile int _asleep;
    private volatile bool _stopping;
    private Exception? _failure;

    public ThreadTeam(int size)
    {
        Size = Math.Max(1, size);
        _members = [.. Enumerable.Range(1, Size - 1).Select(Start)];
    }

    /// <summary>Parts that a piece of work is cut into, the caller's included.</summary>
    public int Size { get; }

    /// <summary>Runs <paramref name="work"/> for parts 0 … Size − 1 and returns when all are done. One caller at a time.</summary>
    public void Run(Action<int> work)
    {
        if (Size == 1)
        {
            work(0);
            return;
        }
        _work = work;
        _pending = Size - 1;
        Interlocked.Increment(ref _generation);
        int asleep = Interlocked.Exchange(ref _asleep, 0);
        if (asleep > 0)
            _wake.Release(asleep);
        work(0);
        var spinner = new SpinWait();
        while (_pending > 0)
            spinner.SpinOnce(sleep1Threshold: -1);
        _work = null;
        if (Interlocked.Exchange(ref _failure, null) is { } failure)
            throw new InvalidOperationException("a kernel failed on a worker thread", failure);
    }

    public void Dispose()
    {
        _stopping = true;
        Interlocked.Increment(ref _generation);
        _wake.Release(Size);
        foreach (Thread member in _members)
            member.Join();
        _wake.Dispose();
    }

    private Thread Start(int part)
    {
        var thread = new Thread(() => Loop(part)) { IsBackground = true, Name = $"kernel-{part}" };
        thread.Start();
        return thread;
    }

    private void Loop(int part)
    {
        int seen = 0;
        while (!_stopping)
        {
            int spins = 0;
            while (_generation == seen)
            {
                if (++spins < SpinsBeforeSleep)
                {
                    Thread.SpinWait(20);
                    continue;
                }
                // Announce the sleep first and look again: a caller that came between would not have counted this member.
                Interlocked.Increment(ref _asleep);
                if (_generation == seen || Interlocked.CompareExchange(ref _asleep, 0, 0) == 0)
                    _wake.Wait();
                else
                    WithdrawSleep();
                spins = 0;
            }
            seen = _generation;
            if (_stopping)
                return;
            try
            {
                _work!(part);
            }
            catch (Exception e)
            {
                _failure = e;
            }
            Interlocked.Decrement(ref _pending);
        }
    }

    // The caller may have taken this member's announcement in the meantime: then a wake-up is on its way and must be consumed.
    private void WithdrawSleep()
    {
        while (true)
        {
            int asleep = _asleep;
            if (asleep == 0)
            {
                _wake.Wait();
                return;
            }
            if (Interlocked.CompareExchange(ref _asleep, asleep - 1, asleep) == asleep)
                return;
        }
    }
}
