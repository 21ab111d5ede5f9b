namespace RefusalExplorer.Data.Hub;

/// <summary>Adds up what several files at once have, and tells it some times a second.</summary>
internal sealed class ProgressMeter(HubPlan plan, IProgress<HubProgress>? progress, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200), Window = TimeSpan.FromSeconds(5);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _positions = plan.Files.ToDictionary(f => f.Path, f => f.State == HubFileState.Present ? f.Size : f.Cached);
    private readonly Queue<(long At, long Bytes)> _recent = new();
    private readonly long _total = plan.Size;
    private long? _last;
    private int _done = plan.Files.Count(f => f.State == HubFileState.Present);

    public FileMeter For(HubFile file) => new(this, file);

    public void Tell(string file, string? note = null, bool now = true)
    {
        lock (_lock)
        {
            if (progress is null || (!now && _last is { } last && time.GetElapsedTime(last) < Interval))
                return;
            _last = time.GetTimestamp();
            progress.Report(new HubProgress(plan.Repo, file, _done, plan.Files.Length, _positions.Values.Sum(), _total, Rate(), note));
        }
    }

    internal void Moved(HubFile file, long position, int network)
    {
        lock (_lock)
        {
            _positions[file.Path] = position;
            if (network > 0)
                _recent.Enqueue((time.GetTimestamp(), network));
        }
        Tell(file.Path, now: false);
    }

    internal void Finished(HubFile file)
    {
        lock (_lock)
        {
            _positions[file.Path] = file.Size;
            _done++;
        }
        Tell(file.Path);
    }

    private double Rate()
    {
        while (_recent.TryPeek(out var old) && time.GetElapsedTime(old.At) > Window)
            _recent.Dequeue();
        if (!_recent.TryPeek(out var first))
            return 0;
        double seconds = time.GetElapsedTime(first.At).TotalSeconds;
        return seconds > 0.2 ? _recent.Sum(r => r.Bytes) / seconds : 0;
    }
}

/// <summary>One file's part of the progress.</summary>
internal sealed class FileMeter(ProgressMeter meter, HubFile file)
{
    /// <summary>Bytes that are there, and how many of them just came over the network.</summary>
    public void At(long position, int network)
    {
        Network += network;
        meter.Moved(file, position, network);
    }

    /// <summary>Bytes that came over the network.</summary>
    public long Network { get; private set; }

    /// <summary>Why nothing moves; null when it goes on.</summary>
    public void Note(string? note) => meter.Tell(file.Path, note);

    public void Finished() => meter.Finished(file);
}
