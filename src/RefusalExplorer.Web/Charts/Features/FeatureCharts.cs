using System.Globalization;
using RefusalExplorer.Pipeline.Dashboards;

namespace RefusalExplorer.Web.Charts.Features;

/// <summary>Charts of one feature.</summary>
public static class FeatureCharts
{
    /// <summary>How often the feature fires how strongly: tokens of the corpus by activation, bars of equal width from 0 to the largest.</summary>
    public static Figure Histogram(FeatureDashboard dashboard)
    {
        double width = dashboard.Max / Math.Max(1, dashboard.Histogram.Length);
        return new Figure
        {
            Legend = false,
            X = new AxisSpec { Title = "Activation" },
            // A feature fires weakly a thousand times for each time that it fires strongly.
            Y = new AxisSpec { Title = "Tokens", Log = true },
            Series =
            [
                new Series
                {
                    Name = "Tokens",
                    Kind = SeriesKind.Bars,
                    Role = SeriesRole.Intervened,
                    X = Series.Of(dashboard.Histogram.Select((_, i) => (i + 0.5) * width)),
                    Y = Series.Of(dashboard.Histogram.Select(n => (double)n)),
                    Hover = [.. dashboard.Histogram.Select((n, i) => string.Create(CultureInfo.InvariantCulture, $"{i * width:0.##}–{(i + 1) * width:0.##}: {n} tokens"))],
                },
            ],
            Description = string.Create(CultureInfo.InvariantCulture,
                $"Histogram of the activations of {dashboard.Feature} on the {dashboard.Count} tokens where it fires: up to {dashboard.Max:0.##}, {dashboard.Mean:0.##} on average."),
        };
    }
}
