using System.Diagnostics;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Runs the pieces of a stage: those in the journal are read from it, others run and are written to it.</summary>
internal sealed class StudyContext(StudyDefinition study, StudyJournal journal, IStudyEngine engine, IProgress<StudyEvent>? events, CancellationToken cancellation)
{
    private readonly Stopwatch _ran = new();
    private StudyStage _stage;
    private int _stageCount = 1;
    private int _done;
    private int _total;
    private int _ranHere;

    public StudyDefinition Study => study;

    /// <summary>Tokens that one piece may take through the model. Fixed for the whole study: what shares a batch may differ in the last bit from what does not.</summary>
    public int TokensAtOnce { get; set; } = 1024;

    public CancellationToken Cancellation => cancellation;

    /// <summary>Begins a stage with the pieces that are known to come.</summary>
    public void Begin(StudyStage stage, int pieces)
    {
        (_stage, _stageCount, _done, _total, _ranHere) = (stage, (int)study.Through + 1, 0, pieces, 0);
        _ran.Reset();
        Report("");
    }

    /// <summary>More pieces are known to come; fewer if negative.</summary>
    public void Expect(int pieces) => _total += pieces;

    /// <summary>A piece that needs the model.</summary>
    /// <param name="key">Its name in the journal.</param>
    /// <param name="what">One line for those who watch and wait.</param>
    /// <param name="work">The work; short, and a function of the definition and of earlier pieces alone.</param>
    public Task<T> PieceAsync<T>(string key, string what, Func<IStudyModel, CancellationToken, T> work)
        where T : notnull =>
        RunAsync(key, what, () => engine.RunAsync($"{study.Name}: {what}", work, cancellation));

    /// <summary>A piece that needs no model, beside the engine's thread.</summary>
    public Task<T> AsideAsync<T>(string key, string what, Func<CancellationToken, T> work)
        where T : notnull =>
        RunAsync(key, what, () => Task.Run(() => work(cancellation), cancellation));

    /// <summary>Something of the model that is asked for anew in each process and is not kept.</summary>
    public Task<T> AskAsync<T>(string what, Func<IStudyModel, CancellationToken, T> work) => engine.RunAsync($"{study.Name}: {what}", work, cancellation);

    /// <summary>Whether a piece is in the journal.</summary>
    public bool IsDone(string key) => journal.Contains(key);

    /// <summary>Counts a piece as done without reading it, if it is in the journal.</summary>
    public bool Skip(string key)
    {
        if (!journal.Contains(key))
            return false;
        _done++;
        return true;
    }

    /// <summary>A piece that is in the journal, not counted again.</summary>
    public T Read<T>(string key)
        where T : notnull =>
        journal.TryGet(key, out T? data) ? data : throw new InvalidOperationException($"piece {key} has not run");

    private async Task<T> RunAsync<T>(string key, string what, Func<Task<T>> work)
        where T : notnull
    {
        cancellation.ThrowIfCancellationRequested();
        if (!journal.TryGet(key, out T? data))
        {
            Report(what);
            _ran.Start();
            var clock = Stopwatch.StartNew();
            T result = await work().ConfigureAwait(false);
            // The caller gets what the journal gives back, so that a resumed study computes from the same values.
            data = journal.Append(key, Math.Round(clock.Elapsed.TotalSeconds, 3), result);
            _ran.Stop();
            _ranHere++;
        }
        _done++;
        _total = Math.Max(_total, _done);
        Report(what);
        return data;
    }

    private void Report(string what)
    {
        double seconds = _ran.Elapsed.TotalSeconds;
        double? perSecond = _ranHere > 0 && seconds > 0 ? _ranHere / seconds : null;
        events?.Report(new StudyEvent.Progressed(new StudyProgress(
            _stage, (int)_stage + 1, _stageCount, _done, _total, what, perSecond * 60,
            perSecond is { } rate ? TimeSpan.FromSeconds((_total - _done) / rate) : null)));
    }
}
