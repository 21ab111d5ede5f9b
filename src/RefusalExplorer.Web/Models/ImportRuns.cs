using RefusalExplorer.Data.Explanations;
using RefusalExplorer.Engine;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Models;

/// <summary>An import of explanations as its watchers see it.</summary>
/// <param name="Progress">Where it stands, or null before its first batch.</param>
/// <param name="Report">What it did, once it has ended.</param>
public sealed record ImportState(ImportProgress? Progress, ImportReport? Report);

/// <summary>Imports of explanations, one at a time.</summary>
public sealed class ImportRuns(RunHub hub, ExplanationImporter importer)
{
    private readonly Lock _gate = new();

    /// <summary>The last one in this process, or null.</summary>
    public LiveRun<ImportState>? Latest { get; private set; }

    /// <summary>Begins one; what is under way goes on instead.</summary>
    /// <param name="paths">Files, folders, or names with <c>*</c>.</param>
    /// <param name="ended">Called when it has ended, however it did.</param>
    /// <exception cref="EngineException">Too many runs are under way.</exception>
    public LiveRun<ImportState> Start(IReadOnlyList<string> paths, Action? ended = null)
    {
        lock (_gate)
        {
            if (Latest is { Status: LiveStatus.Running } running)
                return running;
            return Latest = hub.Start<ImportState, ImportState>(
                $"import-{Guid.CreateVersion7():N}", "import", "Import of explanations", new ImportState(null, null), (_, next) => next,
                async (events, ct) =>
                {
                    try
                    {
                        ImportReport report = await importer.ImportAsync(paths, progress: new Forward(events), cancellation: ct).ConfigureAwait(false);
                        events.Report(new ImportState(null, report));
                    }
                    finally
                    {
                        ended?.Invoke();
                    }
                });
        }
    }

    private sealed class Forward(IProgress<ImportState> events) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => events.Report(new ImportState(value, null));
    }
}
