using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Studies;

namespace RefusalExplorer.Web.Runs;

/// <summary>Words of stored runs on pages.</summary>
public static class RunWords
{
    private const int Whole = 20;
    private const int LongestName = 20;
    private const int End = 8;

    /// <summary>Where a run stands.</summary>
    /// <param name="run">The run.</param>
    /// <param name="waits">Whether it waits for its turn.</param>
    public static string Status(RunHeader run, bool waits) => Study(run, waits) is { } study ? StudyWords.Of(study) : run.Status.ToString().ToLowerInvariant();

    /// <summary>Class of its chip.</summary>
    /// <param name="run">The run.</param>
    /// <param name="waits">Whether it waits for its turn.</param>
    public static string Chip(RunHeader run, bool waits) => Study(run, waits) is { } study ? StudyWords.Chip(study) : run.Status switch
    {
        RunStatus.Finished => "ok",
        RunStatus.Failed => "bad",
        RunStatus.Interrupted => "warn",
        _ => "",
    };

    /// <summary>An id as tables write it: its end, after the name that some begin with, since studies of the same settings end alike.</summary>
    public static string ShortId(string id)
    {
        if (id.Length <= Whole)
            return id;
        int name = id.LastIndexOf('-') + 1;
        return $"{id[..Math.Min(name, Math.Min(LongestName, id.Length - End))]}…{id[^End..]}";
    }

    // The store has one status for a run that broke off, a study that waits and one that was stopped; the studies' own pages tell them apart.
    private static StudyStatus? Study(RunHeader run, bool waits) => run is { Kind: StudyLibrary.Kind, Status: RunStatus.Interrupted }
        ? waits ? StudyStatus.Queued : StudyStatus.Stopped
        : null;
}
