using Microsoft.Extensions.Diagnostics.HealthChecks;
using RefusalExplorer.Data.Store;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Api.Limits;
using RefusalExplorer.Web.Warmup;

namespace RefusalExplorer.Web.Hosting.Health;

/// <summary>Whether the default model answers at once.</summary>
internal sealed class ModelCheck(IModelReadiness readiness) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        Readiness state = readiness.State;
        return Task.FromResult(state.Ready ? HealthCheckResult.Healthy(state.What) : HealthCheckResult.Unhealthy(state.What));
    }
}

/// <summary>Whether results can be kept. The store is opened by the first check, as by the first page.</summary>
internal sealed class StoreCheck(IServiceProvider services) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await services.GetRequiredService<LiteStore>().ProbeAsync(cancellationToken);
            return HealthCheckResult.Healthy("writable");
        }
        catch (StoreException e)
        {
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }
}

/// <summary>Whether another piece of work would be taken.</summary>
internal sealed class QueueCheck(EngineHost engine, FairQueue queue) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        bool room = engine.HasRoom && queue.Waiting < queue.Capacity;
        string what = $"{engine.QueueLength} wait for or use the engine, {queue.Waiting} requests of the API wait for their turn";
        return Task.FromResult(room ? HealthCheckResult.Healthy(what) : HealthCheckResult.Unhealthy($"full: {what}; try again in a moment"));
    }
}
