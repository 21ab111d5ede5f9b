using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Api.Limits;
using RefusalExplorer.Web.Api.Runs;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Api.Resources;

/// <summary>Experiments of the Explore page: all arms and controls side by side, kept in the store, watched token by token.</summary>
internal static class ExperimentsApi
{
    private const string Resource = "experiments";

    public static void MapExperiments(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup(Resource);
        group.MapPost("", StartAsync)
            .WithName("startExperiment").WithSummary("Starts an experiment; the answer says where to watch it")
            .Produces<RunStarted>(StatusCodes.Status202Accepted);
        group.MapGet("", (IRunStore store, RunHub hub, int skip = 0, int take = 50) => RunLists.Of(store, hub, StoredExperiment.Kind, skip, take))
            .WithName("listExperiments").WithSummary("Experiments, newest first");
        group.MapGet("{id}", Get).WithName("getExperiment").WithSummary("An experiment with its result").ProducesProblem(StatusCodes.Status404NotFound);
        group.MapGet("{id}/events", EventsAsync)
            .WithName("watchExperiment").WithSummary("Its tokens and progress as server-sent events: queued, phase, arm, token and, last, end")
            .Produces(StatusCodes.Status200OK, contentType: "text/event-stream");
        group.MapPost("{id}/cancel", (string id, RunHub hub, IRunStore store) => RunLists.Cancel(id, StoredExperiment.Kind, Resource, hub, store))
            .WithName("cancelExperiment").WithSummary("Stops it; what was generated until then is its result").Produces<RunStarted>(StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> StartAsync(
        ExperimentRequest request, HttpContext context, ExperimentRuns runs, ScriptRuns scripts, IRunStore store, PathRule paths, AppSettings settings)
    {
        paths.Model(request.Model);
        if (request.Generation.MaxNewTokens > settings.Api.MaxNewTokens)
            throw ApiException.BadRequest($"generation.maxNewTokens {request.Generation.MaxNewTokens}: at most {settings.Api.MaxNewTokens} are generated here");
        string? id = Idempotency.RunIdOf(context, StoredExperiment.Kind);
        if (id is not null && store.TryGet(id, out StoredRun? known))
        {
            StoredExperiment stored = StoredExperiment.Read(known);
            return stored with { Result = null, Page = null } is var asked && asked.ToJson() == new StoredExperiment(request).ToJson()
                ? Accepted(id, RunSummary.StateOf(known.Header, runs.Live(id)))
                : throw Idempotency.OtherRequest();
        }
        LiveRun<ExperimentState> run = await scripts.StartAsync(() => runs.StartAsync(request, id, context.RequestAborted));
        return Accepted(run.Id, RunState.Running);
    }

    private static IResult Accepted(string id, RunState status)
    {
        RunStarted started = RunStarted.Of(Resource, id, status);
        return Results.Accepted(started.Self, started);
    }

    private static ExperimentView Get(string id, ExperimentRuns runs, IRunStore store)
    {
        (RunSummary summary, ExperimentState state) = Find(id, runs, store);
        return new ExperimentView(summary, state.QueuedBehind, state.Phase, state.Fraction ?? state.Answered, state.Request, state.Result);
    }

    private static Task EventsAsync(string id, HttpContext context, ExperimentRuns runs, IRunStore store, IOptions<JsonOptions> json)
    {
        string? last = context.Request.Headers["Last-Event-ID"];
        JsonSerializerOptions options = json.Value.SerializerOptions;
        if (runs.Live(id) is { } live)
            return EventStream.WriteAsync(context, ExperimentStream.OfAsync(live, last, context.RequestAborted), options);
        (RunSummary summary, ExperimentState state) = Find(id, runs, store);
        return EventStream.WriteAsync(context, ExperimentStream.OfAsync(id, summary.Status, summary.Reason, state, last), options);
    }

    private static (RunSummary Summary, ExperimentState State) Find(string id, ExperimentRuns runs, IRunStore store)
    {
        RunHeader header = RunLists.Header(id, StoredExperiment.Kind, store);
        return runs.Live(id) is { } live
            ? (RunSummary.Of(header, live), live.State)
            : (RunSummary.Of(header, null), runs.Load(id).State);
    }

    /// <summary>An experiment.</summary>
    /// <param name="Run">Where it stands.</param>
    /// <param name="QueuedBehind">Runs before it while it waits.</param>
    /// <param name="Phase">The step under way.</param>
    /// <param name="Fraction">Share of that step, or of the answers.</param>
    /// <param name="Request">What was asked.</param>
    /// <param name="Result">What came of it; null until it has ended.</param>
    internal sealed record ExperimentView(
        RunSummary Run, int? QueuedBehind, string? Phase, double? Fraction, ExperimentRequest Request, ExperimentResult? Result);
}
