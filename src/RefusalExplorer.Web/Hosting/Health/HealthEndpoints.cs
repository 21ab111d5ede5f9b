using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RefusalExplorer.Web.Hosting.Security;

namespace RefusalExplorer.Web.Hosting.Health;

/// <summary>
/// <c>/healthz</c>: the process lives; restart it if not. <c>/readyz</c>: the model is loaded, the store can be written and the queue has room;
/// send work elsewhere if not.
/// </summary>
internal static class HealthEndpoints
{
    /// <summary>Answers while the process lives.</summary>
    public const string Live = "/healthz";

    /// <summary>Answers 200 when a request would be served well, 503 when not.</summary>
    public const string Ready = "/readyz";

    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddHealthChecks().AddCheck<ModelCheck>("model").AddCheck<StoreCheck>("store").AddCheck<QueueCheck>("queue");
        return services;
    }

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Live, () => "ok").WithMetadata(new OpenToAll()).ExcludeFromDescription();
        routes.MapHealthChecks(Ready, new HealthCheckOptions { ResponseWriter = WriteAsync }).WithMetadata(new OpenToAll());
    }

    // Reasons name folders of this machine: those who have not shown the token get only which check failed.
    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        AccessPolicy policy = context.RequestServices.GetRequiredService<AccessPolicy>();
        bool reasons = !policy.NeedsToken || policy.IsAuthorized(context.Request.Headers.Authorization);
        return context.Response.WriteAsJsonAsync(new
        {
            ready = report.Status == HealthStatus.Healthy,
            checks = report.Entries.ToDictionary(
                e => e.Key, e => new { ready = e.Value.Status == HealthStatus.Healthy, what = reasons ? e.Value.Description : null }),
        });
    }
}
