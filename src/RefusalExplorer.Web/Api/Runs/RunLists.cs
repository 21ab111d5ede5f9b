using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Api.Runs;

/// <summary>What all run resources do alike: list, find, cancel.</summary>
internal static class RunLists
{
    private const int MostAtOnce = 200;

    /// <summary>Runs of a kind (of all, for null), newest first.</summary>
    public static RunList Of(IRunStore store, RunHub hub, string? kind, int skip, int take)
    {
        if (skip < 0 || take < 0)
            throw ApiException.BadRequest("skip and take: expected numbers of at least 0");
        Page<RunHeader> page = store.List(new RunQuery { Kind = kind, Skip = skip, Take = Math.Min(take, MostAtOnce) });
        return new RunList([.. page.Items.Select(h => RunSummary.Of(h, hub.TryGet(h.Id, out LiveRun? live) ? live : null))], page.Total);
    }

    /// <summary>A run's header.</summary>
    /// <exception cref="ApiException">There is no such run of that kind.</exception>
    public static RunHeader Header(string id, string kind, IRunStore store) =>
        store.TryGet(id, out StoredRun? run) && (run.Header.Kind == kind || run.Header.Kind.StartsWith(kind + "/", StringComparison.Ordinal))
            ? run.Header
            : throw ApiException.NotFound($"{kind} '{id}': there is none of that id");

    /// <summary>Stops a run.</summary>
    /// <exception cref="ApiException">There is no such run, or it has ended.</exception>
    public static IResult Cancel(string id, string kind, string resource, RunHub hub, IRunStore store)
    {
        RunHeader header = Header(id, kind, store);
        if (!hub.TryGet(id, out LiveRun? run) || run.Status != LiveStatus.Running)
            throw ApiException.Conflict($"{kind} '{id}' has ended: {RunSummary.StateOf(header, run)}");
        run.Cancel();
        RunStarted started = RunStarted.Of(resource, id, RunState.Running);
        return Results.Accepted(started.Self, started);
    }
}
