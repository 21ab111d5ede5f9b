using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Api.Example;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Api.OpenAi;
using RefusalExplorer.Web.Api.Resources;
using RefusalExplorer.Web.Api.Runs;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Api;

/// <summary>The HTTP API: what the pages can do, for notebooks and scripts.</summary>
internal static class ApiEndpoints
{
    /// <summary>Name of its OpenAPI document.</summary>
    public const string Document = "v1";

    /// <summary>Its root.</summary>
    public const string Root = "/api/v1";

    /// <summary>Error answers and idempotency for the requests of the API.</summary>
    public static void UseApi(this IApplicationBuilder app) => app.UseWhen(ProblemWriter.IsApi, branch =>
    {
        branch.UseMiddleware<ApiErrors>();
        branch.UseMiddleware<Idempotency>();
    });

    /// <summary>Maps all resources.</summary>
    public static void MapApi(this IEndpointRouteBuilder routes)
    {
        routes.MapOpenApi($"{Root}/openapi.json").RequireRateLimiting(ApiServices.RateLimit);
        RouteGroupBuilder api = routes.MapGroup(Root);
        api.RequireRateLimiting(ApiServices.RateLimit);
        api.ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status429TooManyRequests).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        api.MapModels();
        api.MapPrompts();
        api.MapTokenize();
        api.MapProbe();
        api.MapExperiments();
        api.MapStudies();
        api.MapAnalyses();
        api.MapFeatures();
        api.MapDashboards();
        api.MapAnnotations();
        api.MapPresets();
        api.MapPythonExample();
        api.MapGet("/runs", (IRunStore store, RunHub hub, string? kind = null, int skip = 0, int take = 50) => RunLists.Of(store, hub, kind, skip, take))
            .WithName("listRuns").WithSummary("Stored runs of all kinds, or of one, newest first");
        routes.MapOpenAi();
    }
}
