using System.Diagnostics.Metrics;

namespace RefusalExplorer.Engine.Hosting;

/// <summary>What one engine measures of its queue; the names are those that a metrics collector sees. Nothing is kept while nobody listens.</summary>
internal sealed class EngineMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "RefusalExplorer.Engine";

    private readonly Meter _meter;
    private readonly Histogram<double> _wait;
    private readonly Histogram<double> _work;

    /// <param name="engine">Scope of the meter, which tells two engines of one process apart.</param>
    public EngineMetrics(EngineHost engine)
    {
        _meter = new Meter(MeterName, version: null, tags: null, scope: engine);
        _meter.CreateObservableUpDownCounter(
            "refusal_explorer.engine.queue.length", () => engine.QueueLength, "{work}", "Pieces of work that wait for the engine or use it");
        _wait = _meter.CreateHistogram<double>("refusal_explorer.engine.queue.wait", "s", "Time that work waited for the engine");
        _work = _meter.CreateHistogram<double>("refusal_explorer.engine.work.duration", "s", "Time that work used the engine");
    }

    /// <summary>Work begins after waiting.</summary>
    public void Began(TimeSpan waited) => _wait.Record(waited.TotalSeconds);

    /// <summary>Work has ended: <c>ok</c>, <c>cancelled</c>, <c>out_of_memory</c> or <c>failed</c>.</summary>
    public void Ended(TimeSpan took, string outcome) => _work.Record(took.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
