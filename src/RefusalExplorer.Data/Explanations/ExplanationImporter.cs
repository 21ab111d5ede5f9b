using RefusalExplorer.Data.Datasets;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Explanations;

/// <summary>
/// Brings Neuronpedia's bulk files (bucket <c>neuronpedia-datasets</c>, <c>v1/{model}/{source}/explanations/batch-N.jsonl.gz</c>) into the store.
/// Stopped or killed, it goes on after the last line that is on disk; a file that was imported before is passed over.
/// </summary>
public sealed class ExplanationImporter(SqliteExplanationStore store, TimeProvider time)
{
    private const int BatchSize = 5000, LineBytes = 16 << 20, FaultsKept = 100;

    /// <summary>Imports files, folders with all below them, and names with <c>*</c>.</summary>
    /// <param name="paths">What to import.</param>
    /// <param name="again">Reads files again that were imported before.</param>
    /// <param name="progress">Told after each batch of some thousand lines.</param>
    /// <param name="cancellation">Stops after a batch; what was written stays.</param>
    /// <exception cref="EngineException">A path stands for nothing, or the store cannot be written.</exception>
    public async Task<ImportReport> ImportAsync(
        IEnumerable<string> paths, bool again = false, IProgress<ImportProgress>? progress = null, CancellationToken cancellation = default)
    {
        var state = new State(BulkFile.Find(paths), progress, time);
        foreach (BulkFile file in state.Files)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                await ImportAsync(file, again, state, cancellation).ConfigureAwait(false);
            }
            // .NET throws InvalidDataException for a gzip file that is none or was cut short.
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                state.Unfinished++;
                state.Add(new ImportFault(file.Path, 0, $"cannot be read to its end ({e.Message.TrimEnd('.')}); what came before is imported, fetch the file again"));
            }
            state.FileDone(file);
        }
        return state.Report();
    }

    private async Task ImportAsync(BulkFile file, bool again, State state, CancellationToken cancellation)
    {
        string fingerprint = file.Fingerprint();
        ImportMark mark = (again ? null : store.MarkOf(fingerprint)) ?? new ImportMark(fingerprint, 0, false);
        if (mark.Finished)
        {
            state.Skipped++;
            return;
        }
        using Stream stream = file.Open(out Stream raw);
        var rows = new List<Explanation>(BatchSize);
        long line = 0;
        foreach (Line next in LineReader.Read(stream, LineBytes))
        {
            line = next.Number;
            if (line <= mark.Lines || next.IsBlank)
                continue;
            if (Read(file, next, state) is { } row)
                rows.Add(row);
            if (rows.Count == BatchSize)
                await FlushAsync(new ImportMark(fingerprint, line, false)).ConfigureAwait(false);
        }
        await FlushAsync(new ImportMark(fingerprint, line, true)).ConfigureAwait(false);

        async Task FlushAsync(ImportMark reached)
        {
            cancellation.ThrowIfCancellationRequested();
            await store.SaveAsync(rows, reached, cancellation).ConfigureAwait(false);
            state.Written(file, raw.Position, rows.Count);
            rows.Clear();
        }
    }

    private static Explanation? Read(BulkFile file, Line line, State state)
    {
        string? problem = $"expected a line of at most {LineBytes >> 20} MiB, found a longer one";
        Explanation? row = line.Bytes is { } bytes ? BulkRow.Read(bytes.Span, out problem) : null;
        if (row is null)
        {
            state.Broken++;
            state.Add(new ImportFault(file.Path, line.Number, problem!));
        }
        return row;
    }

    private sealed class State(IReadOnlyList<BulkFile> files, IProgress<ImportProgress>? progress, TimeProvider time)
    {
        private readonly List<ImportFault> _faults = [];
        private readonly long _start = time.GetTimestamp(), _total = files.Sum(f => f.Length);
        private long _doneBefore, _rows, _skippedBytes;
        private int _filesDone;

        public IReadOnlyList<BulkFile> Files => files;

        public int Skipped { get; set; }

        public int Unfinished { get; set; }

        public long Broken { get; set; }

        public void Add(ImportFault fault)
        {
            if (_faults.Count < FaultsKept)
                _faults.Add(fault);
        }

        public void Written(BulkFile file, long position, int rows)
        {
            _rows += rows;
            long done = _doneBefore + position;
            double seconds = time.GetElapsedTime(_start).TotalSeconds, read = done - _skippedBytes;
            progress?.Report(new ImportProgress(
                file.Path, _filesDone, files.Count, done, _total, _rows, seconds > 0 ? _rows / seconds : 0,
                read > 0 && seconds > 0.5 ? TimeSpan.FromSeconds(seconds * (_total - done) / read) : null));
        }

        public void FileDone(BulkFile file)
        {
            _doneBefore += file.Length;
            _filesDone++;
            _skippedBytes = Skipped == _filesDone ? _doneBefore : _skippedBytes;
        }

        public ImportReport Report() => new()
        {
            Files = files.Count,
            Skipped = Skipped,
            Unfinished = Unfinished,
            Rows = _rows,
            Broken = Broken,
            Faults = [.. _faults],
            Seconds = time.GetElapsedTime(_start).TotalSeconds,
        };
    }
}
