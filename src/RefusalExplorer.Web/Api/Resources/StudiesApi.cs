using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Api.Limits;
using RefusalExplorer.Web.Api.Runs;
using RefusalExplorer.Web.Studies;

namespace RefusalExplorer.Web.Api.Resources;

/// <summary>Studies: the paper's stages, one study after another, resumable.</summary>
internal static class StudiesApi
{
    private const string Resource = "studies";

    public static void MapStudies(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup(Resource);
        group.MapPost("", StartAsync)
            .WithName("startStudy").WithSummary("Starts a study, or goes on with the same one where it was stopped")
            .Accepts<StudyDefinition>("application/json").Produces<RunStarted>(StatusCodes.Status202Accepted);
        group.MapGet("", (StudyService studies) => studies.List().Select(StudySummary.Of))
            .WithName("listStudies").WithSummary("Studies: those that run and wait first, then the newest").Produces<StudySummary[]>();
        group.MapGet("{id}", (string id, StudyService studies, StudyDesk desk) =>
            {
                StudyEntry entry = Find(studies, id);
                return Json(new StudyView(StudySummary.Of(entry), entry.Study, entry.Progress, desk.Result(entry)));
            })
            .WithName("getStudy").WithSummary("A study with what it has found so far").Produces<StudyView>().ProducesProblem(StatusCodes.Status404NotFound);
        group.MapGet("{id}/events", EventsAsync)
            .WithName("watchStudy").WithSummary("Its progress as server-sent events: progress and, last, end").Produces(StatusCodes.Status200OK, contentType: "text/event-stream");
        group.MapPost("{id}/cancel", (string id, StudyService studies) =>
            {
                Find(studies, id);
                return studies.Stop(id) ? Accepted(id) : throw ApiException.Conflict($"study '{id}' neither runs nor waits");
            })
            .WithName("cancelStudy").WithSummary("Stops it between two pieces; it can be resumed").Produces<RunStarted>(StatusCodes.Status202Accepted);
        group.MapPost("{id}/resume", async (string id, StudyService studies, AppSettings settings) =>
            {
                StudyEntry entry = Find(studies, id);
                EnsureRoom(studies, settings.Api, id);
                await studies.ResumeAsync(entry.Id);
                return Accepted(id);
            })
            .WithName("resumeStudy").WithSummary("Goes on with a study that was stopped or failed").Produces<RunStarted>(StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> StartAsync(HttpContext context, StudyService studies, PathRule paths, AppSettings settings)
    {
        StudyDefinition study = StudyJson.Parse((await ApiBody.ReadAsync(context)).GetRawText(), "the body");
        paths.Check(study);
        EnsureRoom(studies, settings.Api, StudyEntry.IdOf(study));
        return Accepted(await studies.StartAsync(study));
    }

    private static void EnsureRoom(StudyService studies, ApiSettings limits, string id)
    {
        StudyEntry[] live = [.. studies.List().TakeWhile(s => s.Status is StudyStatus.Queued or StudyStatus.Running)];
        if (live.Length >= limits.RunsAtOnce && live.All(s => s.Id != id))
            throw new EngineBusyException($"{live.Length} studies run or wait already; start the next when one has ended");
    }

    private static async Task EventsAsync(string id, HttpContext context, StudyService studies, IOptions<JsonOptions> json)
    {
        Find(studies, id);
        await EventStream.WriteAsync(context, OfAsync(studies, id, context.RequestAborted), json.Value.SerializerOptions);
    }

    private static async IAsyncEnumerable<StreamEvent> OfAsync(StudyService studies, string id, [EnumeratorCancellation] CancellationToken cancellation)
    {
        StudyProgress? told = null;
        Action<string>? handler = null;
        await foreach (bool ended in RunWatch.ChangesAsync(
            see => studies.Changed += handler = changed => { if (changed == id) see(); },
            _ => studies.Changed -= handler,
            () => studies.Find(id)?.Status is not (StudyStatus.Queued or StudyStatus.Running), cancellation))
        {
            StudyEntry? entry = studies.Find(id);
            if (entry?.Progress is { } now && now != told)
                yield return new StreamEvent("progress", told = now);
            if (ended)
                yield return new StreamEvent("end", new { id, status = entry?.Status, entry?.Reason });
        }
    }

    private static StudyEntry Find(StudyService studies, string id) =>
        studies.Find(id) ?? throw ApiException.NotFound($"study '{id}': there is none of that id");

    private static IResult Accepted(string id)
    {
        RunStarted started = RunStarted.Of(Resource, id, RunState.Running);
        return Results.Accepted(started.Self, started);
    }

    // Results are written as the files of a study's folder are.
    private static IResult Json<T>(T value) => Results.Text(JsonSerializer.Serialize(value, StudyJson.Options), "application/json");

    /// <summary>A study in the list.</summary>
    internal sealed record StudySummary(string Id, string Name, string Model, StudyStatus Status, string? Reason, DateTimeOffset CreatedAt)
    {
        public static StudySummary Of(StudyEntry e) => new(e.Id, e.Study.Name, e.Study.Model, e.Status, e.Reason, e.CreatedAt);
    }

    /// <summary>A study.</summary>
    /// <param name="Study">Where it stands.</param>
    /// <param name="Definition">What was asked.</param>
    /// <param name="Progress">Where it is, while it runs.</param>
    /// <param name="Result">What it has found, its rates with the verdicts that people have given since; null before the first stage.</param>
    internal sealed record StudyView(StudySummary Study, StudyDefinition Definition, StudyProgress? Progress, StudyResult? Result);
}
