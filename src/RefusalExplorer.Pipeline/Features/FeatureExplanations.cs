using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Pipeline.Features;

/// <summary>
/// Explanations of a configured model's features: those of the SAE that Neuronpedia explains for the layer, or, for a model that is not there, those
/// that were imported under its own name.
/// </summary>
public sealed class FeatureExplanations(IExplanationStore store, ModelCatalog models)
{
    /// <summary>The explained SAE of a layer, or null where nothing can be known of it.</summary>
    public ExplainedSae? Sae(string model, int layer) => Configured(model) is { } configured
        ? ExplainedSaes.Of(configured, layer) ?? Own(model, layer).Select(s => new ExplainedSae(s.Model, s.Source, null)).FirstOrDefault()
        : null;

    /// <summary>A feature's explanations.</summary>
    public ImmutableArray<Explanation> Of(string model, FeatureId feature) =>
        [.. Sources(model, feature.Layer).SelectMany(s => store.ForFeature(s.Model, s.Source, feature.Index))];

    /// <summary>Features with an explanation that holds the words and phrases.</summary>
    /// <param name="model">A configured model's name.</param>
    /// <param name="layers">Layers to search.</param>
    /// <param name="text">As in <see cref="ExplanationQuery.Text"/>.</param>
    /// <exception cref="StoreException">The text holds no word to search for.</exception>
    public IEnumerable<FeatureId> Matching(string model, IEnumerable<int> layers, string text) => layers
        .SelectMany(layer => Sources(model, layer).Select(s => (Layer: layer, Source: s)))
        .SelectMany(s => store.MatchingFeatures(new ExplanationQuery { Text = text, Model = s.Source.Model, Source = s.Source.Source })
            .Where(f => f.Layer == s.Layer));

    /// <summary>Whether there are any of a model.</summary>
    public bool Any(string model, IEnumerable<int> layers)
    {
        HashSet<(string, string)> there = [.. store.Sources().Select(s => (s.Model, s.Source))];
        return layers.Any(l => Sources(model, l).Any(there.Contains));
    }

    private IEnumerable<(string Model, string Source)> Sources(string model, int layer) =>
        Configured(model) is { } configured && ExplainedSaes.Of(configured, layer) is { } explained
            ? [(explained.Model, explained.Source)]
            : Own(model, layer).Select(s => (s.Model, s.Source));

    private IEnumerable<ExplanationSource> Own(string model, int layer) => store.Sources().Where(s => s.Model == model && s.Layer == layer);

    private ConfiguredModel? Configured(string model) => models.Models.FirstOrDefault(m => m.Name == model);
}
