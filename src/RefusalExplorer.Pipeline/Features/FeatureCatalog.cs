using System.Collections.Concurrent;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Pipeline.Features;

/// <summary>How far an index is.</summary>
/// <param name="Layer">The layer that is read, or null while the model is loaded.</param>
/// <param name="Done">Layers read.</param>
/// <param name="Total">Layers in all.</param>
public sealed record FeatureIndexProgress(int? Layer, int Done, int Total);

/// <summary>
/// Indices of models' features: cosines from the engine, densities and largest activations from dashboards, or from the statistics that come with the
/// demo. An index is kept until dashboards change. Thread-safe.
/// </summary>
public sealed class FeatureCatalog(
    EngineHost engine, ModelCatalog models, DefaultDirections directions, DashboardLibrary dashboards, FeatureCosines cosines)
{
    private readonly ConcurrentDictionary<(string Model, string? Direction, string Dashboards), Lazy<Task<FeatureIndex>>> _indices = new();

    /// <summary>The index of a model.</summary>
    /// <param name="model">A configured model's name.</param>
    /// <param name="direction">Id of a stored direction; null: the model's default.</param>
    /// <param name="progress">Told before each layer by whoever asks first.</param>
    /// <param name="cancellation">Gives up waiting; the work goes on for others.</param>
    /// <exception cref="EngineException">The model, its SAEs or the direction are not there.</exception>
    public async Task<FeatureIndex> IndexAsync(
        string model, string? direction = null, IProgress<FeatureIndexProgress>? progress = null, CancellationToken cancellation = default)
    {
        var key = (model, direction, Stamp(model));
        Lazy<Task<FeatureIndex>> entry = _indices.GetOrAdd(key, _ => new Lazy<Task<FeatureIndex>>(() => BuildAsync(model, direction, progress)));
        try
        {
            return await entry.Value.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch when (!cancellation.IsCancellationRequested)
        {
            _indices.TryRemove(KeyValuePair.Create(key, entry));
            throw;
        }
        finally
        {
            foreach (var old in _indices.Keys.Where(k => k.Model == model && k.Direction == direction && k != key))
                _indices.TryRemove(old, out _);
        }
    }

    private async Task<FeatureIndex> BuildAsync(string model, string? direction, IProgress<FeatureIndexProgress>? progress)
    {
        ModelSpec spec = models.Resolve(model);
        ConfiguredModel configured = models.Configured(model);
        progress?.Report(new FeatureIndexProgress(null, 0, spec.Saes.Count));
        RefusalVector vector = await engine.RunAsync(
            "feature index", (session, ct) => directions.Get(session.Model(spec), configured, direction, null, ct)).ConfigureAwait(false);
        FeatureStatistics statistics = model == DemoModel.Name ? FeatureStatistics.Read(DemoModel.FeatureStatistics) : FeatureStatistics.None;
        var layers = new List<LayerColumns>();
        foreach (int layer in spec.Saes.Keys)
        {
            progress?.Report(new FeatureIndexProgress(layer, layers.Count, spec.Saes.Count));
            // A piece a layer, so that a run that waits gets its turn.
            layers.Add(await engine.RunAsync("feature index", (session, _) =>
            {
                LanguageModel loaded = session.Model(spec);
                Sae sae = loaded.Sae(layer);
                var known = new LayerColumns(layer, sae.Config.Features, sae.Fingerprint, cosines.Get(loaded, layer, vector));
                return Known(model, known, statistics);
            }).ConfigureAwait(false));
        }
        return new FeatureIndex(new FeatureColumns(layers));
    }

    private LayerColumns Known(string model, LayerColumns layer, FeatureStatistics statistics)
    {
        if (Dashboards(model, layer.Layer) is { } file && file.Header.SaeFingerprint == layer.Sae)
        {
            return layer with
            {
                Density = [.. Enumerable.Range(0, layer.Features).Select(f => (float)file.Density(f))],
                Max = [.. file.Max],
            };
        }
        if (statistics.Density(new FeatureId(layer.Layer, 0)) is null)
            return layer;
        IEnumerable<FeatureId> features = Enumerable.Range(0, layer.Features).Select(f => new FeatureId(layer.Layer, f));
        return layer with
        {
            Density = [.. features.Select(f => (float)(statistics.Density(f) ?? double.NaN))],
            Max = [.. features.Select(f => (float)(statistics.MaxActivation(f) ?? double.NaN))],
        };
    }

    // Broken dashboards say so on the feature's page; the list does without.
    private DashboardFile? Dashboards(string model, int layer)
    {
        try
        {
            return dashboards.TryOpen(model, layer);
        }
        catch (PipelineException)
        {
            return null;
        }
    }

    private string Stamp(string model) =>
        string.Join(',', dashboards.Layers(model).Select(l => Dashboards(model, l)?.Header.CreatedAt.UtcTicks.ToString(System.Globalization.CultureInfo.InvariantCulture)));
}
