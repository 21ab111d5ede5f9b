using System.Globalization;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Web.Explore;

/// <summary>A feature's page at Neuronpedia.</summary>
/// <param name="Address">The page.</param>
/// <param name="Difference">Why it is about another SAE than the one that runs, one line; null where it is not, or where that cannot be told.</param>
public sealed record NeuronpediaLink(string Address, string? Difference)
{
    /// <summary>The feature's page, or null where the model or its layer is not there.</summary>
    public static NeuronpediaLink? Of(ModelChoice? model, FeatureId feature) =>
        model is not null && model.Explained.TryGetValue(feature.Layer, out ExplainedSae? sae) ? Of(sae, feature.Index) : null;

    /// <summary>The page of a feature of an explained SAE.</summary>
    public static NeuronpediaLink Of(ExplainedSae sae, int index) =>
        new(string.Create(CultureInfo.InvariantCulture, $"https://www.neuronpedia.org/{sae.Model}/{sae.Source}/{index}"), sae.Difference);
}
