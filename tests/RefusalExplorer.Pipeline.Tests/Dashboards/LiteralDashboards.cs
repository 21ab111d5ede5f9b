using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Dashboards;

namespace RefusalExplorer.Pipeline.Tests.Dashboards;

/// <summary>Dashboards the slow way: every activation of every text in one dense table, each number from its definition.</summary>
internal sealed class LiteralDashboards(LanguageModel model, IReadOnlyList<ImmutableArray<int>> texts, DashboardSettings settings)
{
    private readonly Dictionary<int, float[][][]> _activations = [];

    /// <summary>Examples are of all texts, uncut: where two are equal but for rounding, either may be the last that is kept.</summary>
    public FeatureDashboard Of(FeatureId feature)
    {
        int layer = feature.Layer, features = model.Sae(layer).Config.Features;
        float[][][] z = Activations(layer, features);
        double largest = settings.SinkRatio * Median([.. z.SelectMany(text => text.Skip(1)).Select(Norm).Where(n => n > 0)]) ?? double.MaxValue;
        bool Counts(float[] row, int position) => position > 0 && Norm(row) <= largest;
        List<float[]> counted = [.. z.SelectMany(text => text.Where(Counts))];
        List<float[]> firing = [.. counted.Where(row => row[feature.Index] > 0)];
        float max = firing.Select(row => row[feature.Index]).DefaultIfEmpty().Max();
        return new FeatureDashboard
        {
            Feature = feature,
            Count = firing.Count,
            Density = firing.Count / (double)counted.Count,
            Max = max,
            Mean = firing.Select(row => (double)row[feature.Index]).DefaultIfEmpty().Average(),
            Histogram = firing.Count == 0 ? [] : [.. Enumerable.Range(0, settings.HistogramBars).Select(bar =>
                firing.Count(row => Math.Min(settings.HistogramBars - 1, Math.Floor(row[feature.Index] / (double)max * settings.HistogramBars)) == bar))],
            Examples = [.. z.Select((text, i) => (Text: i, Rows: text))
                .Where(t => t.Rows.Where(Counts).Any(row => row[feature.Index] > 0))
                .Select(t => Example(t.Text, [.. t.Rows.Select((row, position) => Counts(row, position) ? row[feature.Index] : 0)]))
                .OrderByDescending(e => e.Max).ThenBy(e => e.Text)],
            Nearest = [.. Enumerable.Range(0, features).Where(f => f != feature.Index)
                .Select(f => new NearFeature(new FeatureId(layer, f), (float)Cosine(model.Sae(layer).DecoderRow(feature.Index), model.Sae(layer).DecoderRow(f))))
                .OrderByDescending(n => n.Cosine).Take(settings.Nearest)],
            CoFiring = [.. Enumerable.Range(0, features).Where(f => f != feature.Index && firing.Any(row => row[f] > 0))
                .Select(f => CoFiring(new FeatureId(layer, f), firing, counted))
                .OrderByDescending(c => c.Jaccard).ThenBy(c => c.Feature).Take(settings.CoFiring)],
        };
    }

    private static double Norm(float[] row) => Math.Sqrt(row.Sum(v => (double)v * v));

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    // [text][token][feature]
    private float[][][] Activations(int layer, int features) => _activations.TryGetValue(layer, out float[][][]? known)
        ? known
        : _activations[layer] = [.. texts.Select(t => Rows(model.Activations(PromptRow.Plain(t.Take(settings.ContextTokens)), layer), features))];

    private static CoFiringFeature CoFiring(FeatureId other, List<float[]> firing, List<float[]> counted)
    {
        int both = firing.Count(row => row[other.Index] > 0), others = counted.Count(row => row[other.Index] > 0);
        double share = (double)both / firing.Count;
        return new CoFiringFeature(other, share, share / (others / (double)counted.Count), both / (double)(firing.Count + others - both));
    }

    private ActivatingExample Example(int text, float[] values)
    {
        int peak = Array.IndexOf(values, values.Max());
        int start = Math.Max(0, peak - settings.TokensBefore), end = Math.Min(values.Length, peak + settings.TokensAfter + 1);
        return new ActivatingExample(text, start, peak - start, PromptEncoder.View(model, texts[text].Skip(start).Take(end - start)),
            [.. values[start..end]], start > 0, end < values.Length, text % 3 == 0);
    }

    private static float[][] Rows(float[] flat, int width) => [.. flat.Chunk(width)];

    private static double Cosine(float[] a, float[] b) =>
        a.Zip(b, (x, y) => (double)x * y).Sum() / Math.Sqrt(a.Sum(x => (double)x * x) * b.Sum(y => (double)y * y));
}
