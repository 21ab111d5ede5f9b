using RefusalExplorer.Engine;

namespace RefusalExplorer.Web.Features;

/// <summary>Addresses of features' pages.</summary>
public static class FeatureHref
{
    /// <summary>The page of a feature.</summary>
    public static string Of(string model, FeatureId feature) => $"/features/{Uri.EscapeDataString(model)}/{feature}";
}
