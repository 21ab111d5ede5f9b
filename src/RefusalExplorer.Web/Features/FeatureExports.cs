using System.Text.Json;
using System.Text.Json.Serialization;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Web.Components.Controls;

namespace RefusalExplorer.Web.Features;

/// <summary>Files of exactly the features that a list shows, in its order.</summary>
public static class FeatureExports
{
    private static readonly string[] Header =
        ["feature", "layer", "index", "cosine", "density", "max_activation", "labels", "explanation", "fires_on", "raises"];

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>CSV, a row a feature.</summary>
    public static string Csv(IEnumerable<FeatureRow> rows) => Exports.Csv(Header, rows.Select(r => (IEnumerable<object?>)
    [
        r.Feature.ToString(), r.Feature.Layer, r.Feature.Index, r.Cosine, r.Density, r.Max, string.Join("; ", r.Labels.Select(l => l.Label)),
        r.Explanation, string.Join(' ', r.FiresOn), string.Join(' ', r.Raises),
    ]));

    /// <summary>JSON with the search, how many there are in all, and the features.</summary>
    public static string JsonOf(FeatureQuery query, int all, IReadOnlyCollection<FeatureRow> rows) => JsonSerializer.Serialize(
        new
        {
            query.Model,
            Direction = query.Direction ?? "default",
            Search = FeatureQueryUrl.Write(query),
            Shown = rows.Count,
            Of = all,
            Features = rows.Select(r => new
            {
                Feature = r.Feature.ToString(),
                r.Cosine,
                r.Density,
                MaxActivation = r.Max,
                Labels = r.Labels.Select(l => new { l.Label, l.Annotators }),
                r.Explanation,
                r.FiresOn,
                r.Raises,
            }),
        },
        Json);
}
