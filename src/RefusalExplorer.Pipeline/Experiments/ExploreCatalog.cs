using System.Collections.Concurrent;
using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Pipeline.Experiments;

/// <summary>What the Explore page knows before a run: models, prompts, previews, and features by cosine to the refusal direction.</summary>
public sealed class ExploreCatalog(EngineHost engine, ModelCatalog catalog, DefaultDirections directions) : IExploreCatalog
{
    private readonly ConcurrentDictionary<string, Lazy<FeatureStatistics>> _statistics = new();
    private readonly ConcurrentDictionary<(string Model, string Direction, int Layer), float[]> _cosines = new();

    /// <inheritdoc/>
    public IReadOnlyList<ModelChoice> Models => [.. catalog.Models.Select(Choice)];

    /// <inheritdoc/>
    public IReadOnlyList<PromptSet> PromptSets { get; } = DemoPrompts.All;

    /// <inheritdoc/>
    public Task<PromptPreview> PreviewAsync(string model, PromptSource prompt, CancellationToken cancellation = default) =>
        WithModel("preview", model, (loaded, _) =>
        {
            (ImmutableArray<int> ids, string? rendered) = PromptEncoder.Encode(loaded, prompt);
            return new PromptPreview(rendered ?? loaded.Tokenizer?.Decode(ids) ?? "", PromptEncoder.View(loaded, ids), loaded.Template?.Name);
        }, cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<SuggestedFeature>> SuggestAsync(
        string model, int topK, IReadOnlyList<int>? layers = null, CancellationToken cancellation = default) =>
        WithModel<IReadOnlyList<SuggestedFeature>>("suggest features", model, (loaded, ct) =>
            [.. (layers ?? loaded.SaeLayers).SelectMany(layer =>
            {
                float[] cosines = Cosines(loaded, layer, ct);
                return Enumerable.Range(0, cosines.Length).OrderByDescending(f => cosines[f]).Take(topK)
                    .Select(f => Describe(model, new FeatureId(layer, f), cosines[f]));
            })], cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<SuggestedFeature>> DescribeAsync(
        string model, IReadOnlyList<FeatureId> features, CancellationToken cancellation = default) =>
        WithModel<IReadOnlyList<SuggestedFeature>>("describe features", model, (loaded, ct) =>
            [.. features.Select(feature =>
            {
                float[] cosines = Cosines(loaded, feature.Layer, ct);
                return feature.Index < cosines.Length
                    ? Describe(model, feature, cosines[feature.Index])
                    : throw new EngineException($"{feature}: layer {feature.Layer} has {cosines.Length} features (0–{cosines.Length - 1})");
            })], cancellation);

    private Task<T> WithModel<T>(string what, string model, Func<LanguageModel, CancellationToken, T> work, CancellationToken cancellation)
    {
        ModelSpec spec = catalog.Resolve(model);
        return engine.RunAsync(what, (session, ct) => work(session.Model(spec), ct), cancellation: cancellation);
    }

    private float[] Cosines(LanguageModel model, int layer, CancellationToken cancellation)
    {
        RefusalVector direction = directions.Get(model, catalog.Configured(model.Spec.Name), null, null, cancellation);
        return _cosines.GetOrAdd((model.Spec.Name, direction.Id, layer), _ => model.Sae(layer).DecoderCosines(direction.Values.AsSpan()));
    }

    private SuggestedFeature Describe(string model, FeatureId feature, double cosine)
    {
        FeatureStatistics statistics = _statistics.GetOrAdd(model, name => new Lazy<FeatureStatistics>(() =>
            name == DemoModel.Name ? FeatureStatistics.Read(DemoModel.FeatureStatistics) : FeatureStatistics.None)).Value;
        return new SuggestedFeature(feature, cosine, statistics.MaxActivation(feature), statistics.Density(feature));
    }

    private ModelChoice Choice(ConfiguredModel model)
    {
        string? weights = catalog.WeightsOf(model), missing = null;
        ImmutableArray<int> saeLayers = [.. catalog.SaesOf(model).Keys];
        int layers = 0;
        try
        {
            // Headers only: the weights stay on disk.
            using OpenedCheckpoint checkpoint = CheckpointReader.Open(catalog.Resolve(model.Name).Path);
            layers = checkpoint.Config.Layers;
        }
        catch (EngineException e)
        {
            missing = e.Message;
        }
        return new ModelChoice
        {
            Name = model.Name,
            Description = model.Description,
            LayerCount = layers,
            SaeLayers = saeLayers,
            Missing = missing,
            Checkpoint = model.Repo ?? Path.GetFileName(weights) ?? model.Path ?? "",
            Explained = saeLayers.Select(layer => (Layer: layer, Sae: ExplainedSaes.Of(model, layer))).Where(e => e.Sae is not null)
                .ToImmutableSortedDictionary(e => e.Layer, e => e.Sae!),
        };
    }
}
