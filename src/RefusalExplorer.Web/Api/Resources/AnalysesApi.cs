using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Analyses;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Api.Limits;
using RefusalExplorer.Web.Api.Runs;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Api.Resources;

/// <summary>The paper's analyses, each with its settings, and their runs.</summary>
internal static class AnalysesApi
{
    private const string Resource = "analysis-runs", Kind = "analysis";

    public static void MapAnalyses(this IEndpointRouteBuilder api)
    {
        api.MapGet("/analyses", (AnalysisCatalog catalog) => catalog.All.Select(a => new AnalysisView(a.Info, [.. SettingField.Of(a).Select(WithDefault)])).ToArray())
            .WithName("listAnalyses").WithSummary("What can be analysed: question, place in the paper, how to read it, settings with their defaults");
        api.MapPost("/analyses/{analysis}", StartAsync)
            .WithName("startAnalysis").WithSummary("Starts an analysis; everything in the body may be left out")
            .Accepts<AnalysisRequest>("application/json").Produces<RunStarted>(StatusCodes.Status202Accepted).ProducesProblem(StatusCodes.Status404NotFound);
        RouteGroupBuilder runs = api.MapGroup(Resource);
        runs.MapGet("{id}", Get).WithName("getAnalysisRun").WithSummary("An analysis with what it found").Produces<AnalysisRunView>().ProducesProblem(StatusCodes.Status404NotFound);
        runs.MapGet("{id}/events", EventsAsync)
            .WithName("watchAnalysis").WithSummary("Its progress as server-sent events: progress and, last, end").Produces(StatusCodes.Status200OK, contentType: "text/event-stream");
        runs.MapPost("{id}/cancel", (string id, AnalysisRuns live, IRunStore store) =>
            {
                if (live.Live(id) is not { Status: LiveStatus.Running } run)
                    throw ApiException.Conflict($"analysis '{id}' has ended: {RunSummary.StateOf(RunLists.Header(id, Kind, store), null)}");
                run.Cancel();
                return Accepted(id, RunState.Running);
            })
            .WithName("cancelAnalysis").WithSummary("Stops it").Produces<RunStarted>(StatusCodes.Status202Accepted);
    }

    // Settings that are left out by default have no JSON at all.
    private static SettingField WithDefault(SettingField field) =>
        field.Default.ValueKind == JsonValueKind.Undefined ? field with { Default = JsonSerializer.SerializeToElement<object?>(null) } : field;

    private static async Task<IResult> StartAsync(
        string analysis, HttpContext context, AnalysisCatalog catalog, AnalysisRuns runs, ScriptRuns scripts, IRunStore store, PathRule paths, AppSettings settings)
    {
        if (catalog.All.All(a => a.Info.Id != analysis))
            throw ApiException.NotFound($"analysis '{analysis}': expected one of {string.Join(", ", catalog.All.Select(a => a.Info.Id))}");
        string body = (await ApiBody.ReadOptionalAsync(context)).GetRawText();
        AnalysisRequest request = AnalysisJson.ReadRequest<AnalysisRequest>(body, "the body");
        paths.Check(request);
        if (request.MaxNewTokens > settings.Api.MaxNewTokens)
            throw ApiException.BadRequest($"maxNewTokens {request.MaxNewTokens}: at most {settings.Api.MaxNewTokens} are generated here");
        string? id = Idempotency.RunIdOf(context, Kind + "/" + analysis, body);
        if (id is not null && store.TryGet(id, out StoredRun? known))
            return Accepted(id, RunSummary.StateOf(known.Header, runs.Live(id)));
        LiveRun<AnalysisState> run = await scripts.StartAsync(() => Task.FromResult(runs.Start(analysis, request, id)));
        // The first thing that it tells comes when it is in the store, where the next request looks for it.
        await foreach (bool ended in RunWatch.ChangesAsync(run, context.RequestAborted))
        {
            if (ended || run.State.Progress is not null)
                break;
        }
        return Accepted(run.Id, RunState.Running);
    }

    private static IResult Get(string id, AnalysisRuns runs, IRunStore store)
    {
        RunHeader header = RunLists.Header(id, Kind, store);
        LiveRun<AnalysisState>? live = runs.Live(id);
        return Json(new AnalysisRunView(RunSummary.Of(header, live), live?.State.Progress, runs.Show(id)?.Result));
    }

    private static Task EventsAsync(string id, HttpContext context, AnalysisRuns runs, IRunStore store, IOptions<JsonOptions> json)
    {
        RunHeader header = RunLists.Header(id, Kind, store);
        IAsyncEnumerable<StreamEvent> events = runs.Live(id) is { } live
            ? RunWatch.ProgressAsync(live, s => s.Progress, context.RequestAborted)
            : RunWatch.EndedAsync(id, RunSummary.StateOf(header, null), header.Reason);
        return EventStream.WriteAsync(context, events, json.Value.SerializerOptions);
    }

    private static IResult Accepted(string id, RunState state)
    {
        RunStarted started = RunStarted.Of(Resource, id, state);
        return Results.Accepted(started.Self, started);
    }

    private static IResult Json<T>(T value) => Results.Text(JsonSerializer.Serialize(value, AnalysisJson.Compact), "application/json");

    /// <summary>An analysis in the catalog.</summary>
    /// <param name="Info">What it is.</param>
    /// <param name="Settings">Its settings.</param>
    internal sealed record AnalysisView(AnalysisInfo Info, ImmutableArray<SettingField> Settings);

    /// <summary>An analysis that was started.</summary>
    /// <param name="Run">Where it stands.</param>
    /// <param name="Progress">What it does now.</param>
    /// <param name="Result">What it found, with the verdicts that people have given since; null until it has ended.</param>
    internal sealed record AnalysisRunView(RunSummary Run, AnalysisProgress? Progress, AnalysisResult? Result);
}
