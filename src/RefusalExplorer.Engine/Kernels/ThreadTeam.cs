namespace RefusalExplorer.Engine.Kernels;

/// <summary>
/// A few threads that share the parts of one piece of work with the caller. A decode step has a hundred pieces of 20–100 µs, so members
/// look for the next one a little while before they sleep; a thread pool's hand-over would cost as much as the work.
/// </summary>
/// <remarks>Parts are taken one by one: on a busy machine, where a member gets no core, the caller simply takes them all.</remarks>
internal sealed class ThreadTeam : IDisposable
{
    private const int LooksBeforeSleep = 400;
    private const int SpinsBetweenLooks = 8;
    private readonly Lock _gate = new();
    private readonly ManualResetEventSlim _awake = new(false, spinCount: 0);
    private readonly Thread[] _members;
    private volatile Job? _job;
    private volatile int _sleepers;
    private volatile bool _stopping;

    public ThreadTeam(int size)
    {
        Size = Math.Max(1, size);
        _members = [.. Enumerable.Range(1, Size - 1).Select(Start)];
    }

    /// <summary>Threads, the caller's included.</summary>
    public int Size { get; }

    /// <summary>Runs <paramref name="work"/> for parts 0 … <paramref name="parts"/> − 1 and returns when all are done. One caller at a time.</summary>
    public void Run(int parts, Action<int> work)
    {
        var job = new Job(parts, work);
        if (Size > 1)
        {
            _job = job;
            Interlocked.MemoryBarrier();
            if (_sleepers > 0)
            {
                lock (_gate)
                    _awake.Set();
            }
        }
        job.TakeParts();
        var spinner = new SpinWait();
        while (!job.IsDone)
            spinner.SpinOnce(sleep1Threshold: -1);
        _job = null;
        if (job.Failure is { } failure)
            throw new InvalidOperationException("a kernel failed on a worker thread", failure);
    }

    public void Dispose()
    {
        _stopping = true;
        lock (_gate)
            _awake.Set();
        foreach (Thread member in _members)
            member.Join();
        _awake.Dispose();
    }

    private Thread Start(int number)
    {
        var thread = new Thread(Loop) { IsBackground = true, Name = $"kernel-{number}" };
        thread.Start();
        return thread;
    }

    private void Loop()
    {
        Job? last = null;
        int looks = 0;
        while (!_stopping)
        {
            Job? job = _job;
            if (job is not null && job != last)
            {
                last = job;
                job.TakeParts();
                looks = 0;
            }
            else if (++looks < LooksBeforeSleep)
            {
                Thread.SpinWait(SpinsBetweenLooks);
            }
            else
            {
                Sleep(last);
                looks = 0;
            }
        }
    }

    // The announcement comes before the last look: either the caller sees a sleeper, or the sleeper sees the job.
    private void Sleep(Job? last)
    {
        lock (_gate)
        {
            _awake.Reset();
            _sleepers++;
        }
        Interlocked.MemoryBarrier();
        if ((_job is null || _job == last) && !_stopping)
            _awake.Wait();
        lock (_gate)
            _sleepers--;
    }

    private sealed class Job(int parts, Action<int> work)
    {
        private int _next;
        private int _done;
        private Exception? _failure;

        public bool IsDone => Volatile.Read(ref _done) == parts;

        public Exception? Failure => Volatile.Read(ref _failure);

        public void TakeParts()
        {
            for (int part = Interlocked.Increment(ref _next) - 1; part < parts; part = Interlocked.Increment(ref _next) - 1)
            {
                try
                {
                    work(part);
                }
                catch (Exception e)
                {
                    Volatile.Write(ref _failure, e);
                }
                Interlocked.Increment(ref _done);
            }
        }
    }
}
