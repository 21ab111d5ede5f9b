using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Api.Runs;

/// <summary>Where a run stands, for scripts.</summary>
public enum RunState
{
    /// <summary>Under way, or waiting.</summary>
    Running,

    /// <summary>Ended with a result.</summary>
    Finished,

    /// <summary>Ended with an error; the reason says which.</summary>
    Failed,

    /// <summary>Stopped by somebody; the result, if there is one, holds what was done until then.</summary>
    Cancelled,

    /// <summary>Its process went away before it ended.</summary>
    Interrupted,
}

/// <summary>A run as lists show it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">Kind of work.</param>
/// <param name="Model">The model.</param>
/// <param name="Title">One line; never a prompt's text.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Reason">Why it failed or stopped.</param>
/// <param name="CreatedAt">UTC start.</param>
public sealed record RunSummary(string Id, string Kind, string Model, string Title, RunState Status, string? Reason, DateTimeOffset CreatedAt)
{
    /// <summary>Of a stored run, with what this process knows of it.</summary>
    internal static RunSummary Of(RunHeader header, LiveRun? live) => new(
        header.Id, header.Kind, header.Model, header.Title, StateOf(header, live), live?.Error ?? header.Reason, header.CreatedAt);

    /// <summary>Of a run that this process knows.</summary>
    internal static RunSummary Of(LiveRun live, string model) =>
        new(live.Id, live.Kind, model, live.Title, StateOf(live), live.Error, live.StartedAt);

    /// <summary>Where a run stands, by what this process knows.</summary>
    internal static RunState StateOf(LiveRun live) => live.Status switch
    {
        LiveStatus.Running => RunState.Running,
        LiveStatus.Finished => RunState.Finished,
        LiveStatus.Cancelled => RunState.Cancelled,
        _ => RunState.Failed,
    };

    /// <summary>Where a run stands, by what this process knows and by the store.</summary>
    internal static RunState StateOf(RunHeader header, LiveRun? live) => live is not null ? StateOf(live) : header.Status switch
    {
        RunStatus.Running => RunState.Running,
        RunStatus.Finished => RunState.Finished,
        RunStatus.Failed => RunState.Failed,
        _ => RunState.Interrupted,
    };
}

/// <summary>One page of a list.</summary>
/// <param name="Items">Newest first.</param>
/// <param name="Total">Of all pages.</param>
public sealed record RunList(IReadOnlyList<RunSummary> Items, long Total);

/// <summary>Asked for a run: where to look for it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Self">The run.</param>
/// <param name="Events">Its tokens and progress as server-sent events.</param>
/// <param name="Cancel">POST stops it.</param>
public sealed record RunStarted(string Id, RunState Status, string Self, string Events, string Cancel)
{
    /// <summary>For a run of a resource.</summary>
    internal static RunStarted Of(string resource, string id, RunState status)
    {
        string self = $"/api/v1/{resource}/{Uri.EscapeDataString(id)}";
        return new RunStarted(id, status, self, $"{self}/events", $"{self}/cancel");
    }
}
