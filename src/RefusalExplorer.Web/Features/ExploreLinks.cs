using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Web.Explore;

namespace RefusalExplorer.Web.Features;

/// <summary>Addresses of the Explore page with features in its cart.</summary>
public static class ExploreLinks
{
    /// <summary>Edits some features alike.</summary>
    /// <param name="model">A configured model's name.</param>
    /// <param name="features">The features; the first is selected.</param>
    /// <param name="op">What is done: ablate, or clamp to their largest activation.</param>
    public static string To(string model, IReadOnlyList<FeatureId> features, InterventionOp op) => "/" + ExploreUrl.Write(ExploreState.Default with
    {
        Model = model,
        Groups = [new CartGroup { Name = "Named", Op = op, Features = [.. features] }],
        Selected = features[0],
    });
}
