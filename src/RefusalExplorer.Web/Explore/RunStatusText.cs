using System.Globalization;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Explore;

/// <summary>Where a run of the Explore page stands, in one line.</summary>
public static class RunStatusText
{
    /// <summary>The line.</summary>
    /// <param name="view">The run as far as it is.</param>
    /// <param name="live">The run where this process knows it; null where it comes from the store.</param>
    /// <param name="header">What the store says of it; null for a live run.</param>
    public static string Of(ExperimentState view, LiveRun? live, RunHeader? header)
    {
        string rate = view.TokensPerSecond > 0 ? string.Create(CultureInfo.InvariantCulture, $" · {view.TokenCount} tokens · {view.TokensPerSecond:0.0}/s") : "";
        // A run that was stopped in the queue keeps its place there for good: what has ended does not wait.
        if (live is { Status: LiveStatus.Running })
            return live.Stopping ? "Stopping…" + rate : Waiting(view.QueuedBehind) ?? (view.Phase ?? (view.Arms.IsEmpty ? "Starting" : "Generating")) + rate;
        string when = header is null ? "" : $" · {header.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC";
        if (view.Result is not { } result)
            return Ended(live, header) + when;
        return (result.Cancelled ? "Stopped" : "Done") + string.Create(CultureInfo.InvariantCulture, $" in {result.Record.Seconds:0.0} s") + rate + when;
    }

    private static string? Waiting(int? before) => before switch
    {
        null => null,
        1 => "Waiting: 1 run before this one",
        _ => $"Waiting: {before} runs before this one",
    };

    private static string Ended(LiveRun? live, RunHeader? header) =>
        live is { Status: LiveStatus.Cancelled } || header?.Reason == ExperimentRuns.StoppedEarly ? "Stopped before it began"
        : live is { Status: LiveStatus.Failed } ? "Failed"
        : header?.Status.ToString() ?? "Ended without a result";
}
