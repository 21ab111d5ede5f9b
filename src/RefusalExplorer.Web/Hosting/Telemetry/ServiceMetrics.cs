using System.Diagnostics.Metrics;
using RefusalExplorer.Web.Api.Limits;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Hosting.Telemetry;

/// <summary>Gauges of the API's queue and of the runs under way.</summary>
internal sealed class ServiceMetrics : IHostedService, IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "RefusalExplorer.Web";

    private readonly Meter _meter;

    public ServiceMetrics(FairQueue queue, RunHub runs)
    {
        _meter = new Meter(MeterName, version: null, tags: null, scope: queue);
        _meter.CreateObservableUpDownCounter("refusal_explorer.api.queue.length", () => queue.Waiting, "{request}", "Requests of the API that wait for their turn");
        _meter.CreateObservableUpDownCounter("refusal_explorer.runs.running", () => runs.Running.Length, "{run}", "Runs under way");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _meter.Dispose();
}
