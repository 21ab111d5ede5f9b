using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Web.Components.Controls;

namespace RefusalExplorer.Web.Features;

/// <summary>Fills rows of lists: only those that are seen, or exported.</summary>
public sealed class FeatureRows(FeatureExplanations explanations, AnnotationBook annotations, DashboardLibrary dashboards)
{
    private const int TokensShown = 4, ExamplesRead = 6;

    /// <summary>Rows of some places of a list.</summary>
    public IEnumerable<FeatureRow> Of(string model, FeatureIndex index, FeatureMatches matches, int from, int count)
    {
        AnnotationTable table = annotations.Of(model, index.Columns);
        for (int place = from; place < Math.Min(from + count, matches.Rows.Count); place++)
            yield return Of(model, index.Columns, table, place, matches.Rows[place]);
    }

    private FeatureRow Of(string model, FeatureColumns columns, AnnotationTable table, int place, int row)
    {
        FeatureId feature = columns.At(row);
        FeatureDashboard? dashboard = Dashboard(model, feature);
        return new FeatureRow
        {
            Place = place,
            Feature = feature,
            Cosine = Known(columns.Cosine[row]),
            Density = Known(columns.Density[row]),
            Max = Known(columns.Max[row]),
            Labels = [.. table.Of(feature).SelectMany(a => a.Labels).CountBy(l => l).OrderByDescending(l => l.Value).Select(l => (l.Key, l.Value))],
            Explanation = explanations.Of(model, feature).FirstOrDefault()?.Text,
            FiresOn = Tokens(dashboard?.Examples.Take(ExamplesRead).Select(e => e.Tokens[e.Peak])),
            Raises = Tokens(dashboard?.Raised.Select(t => t.Token)),
        };
    }

    // A broken file says so on the feature's page; the list does without.
    private FeatureDashboard? Dashboard(string model, FeatureId feature)
    {
        try
        {
            return dashboards.TryOpen(model, feature.Layer) is { } file && feature.Index < file.Header.Features ? file.Read(feature.Index) : null;
        }
        catch (PipelineException)
        {
            return null;
        }
    }

    private static ImmutableArray<string> Tokens(IEnumerable<TokenView>? tokens) =>
        [.. (tokens ?? []).Select(TokenText.Inline).Distinct(StringComparer.OrdinalIgnoreCase).Take(TokensShown)];

    private static double? Known(float value) => float.IsNaN(value) ? null : value;
}
