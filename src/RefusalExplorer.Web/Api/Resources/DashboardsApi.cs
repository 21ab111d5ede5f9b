using System.Collections.Immutable;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Api.Limits;
using RefusalExplorer.Web.Api.Runs;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Api.Resources;

/// <summary>Passes over a corpus that make the dashboards of a model's features.</summary>
internal static class DashboardsApi
{
    private const string Resource = "dashboard-runs";

    public static void MapDashboards(this IEndpointRouteBuilder api)
    {
        api.MapGet("/dashboards", (ModelCatalog models, DashboardLibrary library) =>
                models.Models.Select(m => new MadeDashboards(m.Name, library.Layers(m.Name))).Where(d => !d.Layers.IsEmpty))
            .WithName("listDashboards").WithSummary("Layers of each model that have dashboards");
        RouteGroupBuilder runs = api.MapGroup(Resource);
        runs.MapPost("", StartAsync)
            .WithName("makeDashboards").WithSummary("Starts a pass; layers that are made already are left as they are").Produces<RunStarted>(StatusCodes.Status202Accepted);
        runs.MapGet("{id}", (string id, RunHub hub) =>
            {
                LiveRun<DashboardState> run = Find(id, hub);
                return new DashboardRunView(RunSummary.Of(run, run.State.Request.Model), run.State.Progress, run.State.Report);
            })
            .WithName("getDashboardRun").WithSummary("A pass of this process, with what it made").ProducesProblem(StatusCodes.Status404NotFound);
        runs.MapGet("{id}/events", (string id, HttpContext context, RunHub hub, IOptions<JsonOptions> json) =>
                EventStream.WriteAsync(context, RunWatch.ProgressAsync(Find(id, hub), s => s.Progress, context.RequestAborted), json.Value.SerializerOptions))
            .WithName("watchDashboards").WithSummary("Its progress as server-sent events: progress and, last, end").Produces(StatusCodes.Status200OK, contentType: "text/event-stream");
        runs.MapPost("{id}/cancel", (string id, RunHub hub) =>
            {
                LiveRun<DashboardState> run = Find(id, hub);
                if (run.Status != LiveStatus.Running)
                    throw ApiException.Conflict($"pass '{id}' has ended: {run.Status}");
                run.Cancel();
                return Accepted(id);
            })
            .WithName("cancelDashboards").WithSummary("Stops it; the next pass goes on where it was").Produces<RunStarted>(StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> StartAsync(DashboardRequest request, DashboardRuns runs, ScriptRuns scripts, PathRule paths)
    {
        paths.Model(request.Model);
        paths.File(request.Corpus, "corpus");
        return Accepted((await scripts.StartAsync(() => Task.FromResult(runs.Start(request)))).Id);
    }

    private static LiveRun<DashboardState> Find(string id, RunHub hub) => hub.TryGet(id, out LiveRun<DashboardState>? run)
        ? run
        : throw ApiException.NotFound($"pass '{id}': there is none of that id in this process");

    private static IResult Accepted(string id)
    {
        RunStarted started = RunStarted.Of(Resource, id, RunState.Running);
        return Results.Accepted(started.Self, started);
    }

    /// <summary>What was made of a model.</summary>
    internal sealed record MadeDashboards(string Model, ImmutableArray<int> Layers);

    /// <summary>A pass.</summary>
    /// <param name="Run">Where it stands.</param>
    /// <param name="Progress">What it does now.</param>
    /// <param name="Report">What it made, once it has ended.</param>
    internal sealed record DashboardRunView(RunSummary Run, DashboardProgress? Progress, DashboardReport? Report);
}
