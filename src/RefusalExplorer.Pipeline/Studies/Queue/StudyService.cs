using System.Collections.Immutable;
using System.Diagnostics;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Makes the engine of a study.</summary>
public interface IStudyEngines
{
    /// <summary>The engine for a definition's model.</summary>
    /// <exception cref="EngineException">The model is unknown, or its weights are not here.</exception>
    IStudyEngine Open(StudyDefinition study);
}

/// <summary>
/// Studies one after another, in the order in which they were started. They belong to the process and not to whoever watches: a page that is
/// closed and opened again finds them where they are.
/// </summary>
public sealed class StudyService(StudyLibrary library, StudyRunner runner, IStudyEngines engines, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan CheckpointEvery = TimeSpan.FromSeconds(5);
    private readonly Lock _gate = new();
    private readonly List<Job> _jobs = [];
    private readonly Dictionary<string, StudyEntry> _unstored = [];
    private Task _loop = Task.CompletedTask;
    private bool _disposed;

    /// <summary>Told the id of a study of which something is new: often, and on any thread.</summary>
    public event Action<string>? Changed;

    /// <summary>Starts a study, or goes on with it where the same one was stopped.</summary>
    /// <param name="study">The definition.</param>
    /// <returns>Its id.</returns>
    /// <exception cref="EngineException">The model is unknown.</exception>
    public async Task<string> StartAsync(StudyDefinition study)
    {
        IStudyEngine engine = engines.Open(study);
        string id = StudyEntry.IdOf(study);
        StudyEntry? known = library.Find(id);
        var job = new Job(engine, new StudyEntry
        {
            Id = id,
            Study = study,
            Folder = known?.Folder ?? library.FolderOf(id),
            CreatedAt = known?.CreatedAt ?? time.GetUtcNow(),
            Status = StudyStatus.Queued,
            Reason = "waits for its turn",
        });
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_jobs.Any(j => j.Entry.Id == id))
                return id;
            _unstored.Remove(id);
            _jobs.Add(job);
        }
        await library.SaveAsync(job.Entry).ConfigureAwait(false);
        Changed?.Invoke(id);
        lock (_gate)
        {
            if (_loop.IsCompleted)
                _loop = Task.Run(LoopAsync);
        }
        return id;
    }

    /// <summary>Goes on with a study that was stopped or failed.</summary>
    /// <exception cref="PipelineException">There is none of that id.</exception>
    public Task ResumeAsync(string id) =>
        StartAsync((library.Find(id) ?? throw new PipelineException($"study '{id}': there is none of that id")).Study);

    /// <summary>Stops a study between two pieces, or takes it out of the queue; false if it neither runs nor waits.</summary>
    public bool Stop(string id)
    {
        lock (_gate)
        {
            if (_jobs.FirstOrDefault(j => j.Entry.Id == id) is not { } job)
                return false;
            job.Stop.Cancel();
            return true;
        }
    }

    /// <summary>All studies, those that run and wait first, then the newest.</summary>
    public ImmutableArray<StudyEntry> List()
    {
        ImmutableArray<StudyEntry> known = Known();
        return [.. known, .. library.List().Where(e => known.All(l => l.Id != e.Id))];
    }

    /// <summary>A study, or null.</summary>
    public StudyEntry? Find(string id) => Known().FirstOrDefault(e => e.Id == id) ?? library.Find(id);

    /// <summary>Whether a study waits for its turn here.</summary>
    public bool Waits(string id)
    {
        lock (_gate)
            return _jobs.Any(j => j.Entry.Id == id && j.Entry.Status == StudyStatus.Queued);
    }

    /// <summary>What a study has found, from memory while it runs and from its folder else; null before the first stage.</summary>
    public StudyResult? Result(StudyEntry entry) => entry.Latest ?? entry.Files.ReadResult() ?? library.Result(entry.Id);

    /// <summary>Takes a study that neither runs nor waits out of the list; its folder stays.</summary>
    public async Task<bool> ForgetAsync(string id)
    {
        lock (_gate)
        {
            if (_jobs.Any(j => j.Entry.Id == id))
                return false;
        }
        bool forgotten = await library.ForgetAsync(id).ConfigureAwait(false);
        lock (_gate)
            return _unstored.Remove(id) || forgotten;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach (Job job in _jobs)
                job.Stop.Cancel();
        }
        await _loop.ConfigureAwait(false);
    }

    // Those of the queue, then those that ended while the store took nothing.
    private ImmutableArray<StudyEntry> Known()
    {
        lock (_gate)
            return [.. _jobs.Select(j => j.Entry), .. _unstored.Values];
    }

    private async Task LoopAsync()
    {
        while (true)
        {
            Job job;
            lock (_gate)
            {
                if (_jobs.Count == 0)
                    return;
                job = _jobs[0];
            }
            StudyEntry ended = await RunAsync(job).ConfigureAwait(false);
            bool stored = await TrySaveAsync(ended).ConfigureAwait(false);
            lock (_gate)
            {
                _jobs.Remove(job);
                if (!stored)
                    _unstored[ended.Id] = ended;
            }
            job.Stop.Dispose();
            Changed?.Invoke(ended.Id);
        }
    }

    // A store that is full must hold up neither this study nor those behind it; its folder has all that it found.
    private async Task<bool> TrySaveAsync(StudyEntry entry)
    {
        try
        {
            await library.SaveAsync(entry).ConfigureAwait(false);
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
    }

    private async Task<StudyEntry> RunAsync(Job job)
    {
        try
        {
            job.Stop.Token.ThrowIfCancellationRequested();
            Update(job, e => e with { Status = StudyStatus.Running, Reason = null });
            await library.SaveAsync(job.Entry).ConfigureAwait(false);
            var sinceCheckpoint = Stopwatch.StartNew();
            StudyResult result = await runner.RunAsync(job.Entry.Study, job.Entry.Folder, job.Engine, new Watch(value =>
            {
                Update(job, e => value switch
                {
                    StudyEvent.Progressed p => e with { Progress = p.Progress },
                    StudyEvent.ResultsChanged r => e with { Latest = r.Result },
                    _ => e,
                });
                if (value is StudyEvent.Progressed progressed && sinceCheckpoint.Elapsed > CheckpointEvery)
                {
                    sinceCheckpoint.Restart();
                    job.Checkpoint = NoteAsync(job.Entry.Id, progressed.Progress);
                }
            }), job.Stop.Token).ConfigureAwait(false);
            await library.KeepAsync(job.Entry.Id, result, time.GetUtcNow()).ConfigureAwait(false);
            return End(job, StudyStatus.Finished, null);
        }
        catch (OperationCanceledException)
        {
            return End(job, StudyStatus.Stopped, _disposed ? "the program ended; it goes on where it was" : "stopped; it goes on where it was");
        }
        catch (Exception e)
        {
            return End(job, StudyStatus.Failed, e is EngineException ? e.Message : $"unexpected {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}");
        }
        finally
        {
            await job.Checkpoint.ConfigureAwait(false);
        }
    }

    // The note is for lists alone: a study goes on from its journal.
    private async Task NoteAsync(string id, StudyProgress progress)
    {
        try
        {
            await library.CheckpointAsync(id, progress).ConfigureAwait(false);
        }
        catch (StoreException)
        {
            // The next one may get in.
        }
    }

    private static StudyEntry End(Job job, StudyStatus status, string? reason) => job.Entry with { Status = status, Reason = reason, Progress = null, Latest = null };

    private void Update(Job job, Func<StudyEntry, StudyEntry> change)
    {
        lock (_gate)
            job.Entry = change(job.Entry);
        Changed?.Invoke(job.Entry.Id);
    }

    private sealed class Job(IStudyEngine engine, StudyEntry entry)
    {
        public IStudyEngine Engine => engine;

        public StudyEntry Entry { get; set; } = entry;

        public CancellationTokenSource Stop { get; } = new();

        public Task Checkpoint { get; set; } = Task.CompletedTask;
    }

    // Progress<T> would post to the pool and lose the order.
    private sealed class Watch(Action<StudyEvent> see) : IProgress<StudyEvent>
    {
        public void Report(StudyEvent value) => see(value);
    }
}
