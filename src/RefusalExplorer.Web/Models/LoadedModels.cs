using System.Collections.Concurrent;
using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Models;

/// <summary>What the engine runs on, and which models are in its memory; the latter waits for the work before it on the engine thread.</summary>
public sealed class LoadedModels(EngineHost engine, EngineOptions options, ModelCatalog catalog, RunHub hub)
{
    private readonly ConcurrentDictionary<string, LiveRun<double>> _loads = new(StringComparer.Ordinal);

    /// <summary>The engine's backend.</summary>
    /// <exception cref="EngineException">LibTorch does not load.</exception>
    public Task<EngineDescription> DescribeAsync(CancellationToken cancellation = default) => EngineDescription.ReadAsync(engine, options, cancellation);

    /// <summary>How the blocks of each loaded model run, by the model's name.</summary>
    public Task<ImmutableDictionary<string, string>> KernelsAsync(CancellationToken cancellation = default) => engine.RunAsync(
        "list the loaded models",
        (session, _) => catalog.Models.Where(m => catalog.WeightsOf(m) is not null).Select(m => catalog.Resolve(m.Name))
            .Where(session.IsLoaded).ToImmutableDictionary(s => s.Name, s => session.Model(s).Kernels), cancellation: cancellation);

    /// <summary>The last loading of a model that a page asked for, or null; its state is the share loaded.</summary>
    public LiveRun<double>? LoadOf(string model) => _loads.GetValueOrDefault(model);

    /// <summary>Begins to load a model; what is under way goes on instead.</summary>
    /// <exception cref="EngineException">Too many runs are under way.</exception>
    public LiveRun<double> Load(string model)
    {
        if (LoadOf(model) is { Status: LiveStatus.Running } running)
            return running;
        return _loads[model] = hub.Start<double, double>(
            $"load-{Guid.CreateVersion7():N}", "load", $"Loading {model}", 0, (_, share) => share,
            (events, ct) =>
            {
                ModelSpec spec = catalog.Resolve(model);
                return engine.RunAsync($"load {model}", (session, _) => session.Model(spec, events) is not null, cancellation: ct);
            });
    }

    /// <summary>Frees a model's memory.</summary>
    public Task UnloadAsync(string model) => engine.RunAsync($"free {model}", (session, _) =>
    {
        session.Unload(catalog.Resolve(model));
        return true;
    });
}
