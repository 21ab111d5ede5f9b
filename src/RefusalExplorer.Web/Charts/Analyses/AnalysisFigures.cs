using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Results;
using Role = RefusalExplorer.Pipeline.Analyses.Results.SeriesRole;

namespace RefusalExplorer.Web.Charts.Analyses;

/// <summary>Figures of analyses' charts: a pure translation, nothing is computed but places on the page.</summary>
public static class AnalysisFigures
{
    private const int LongName = 14;
    private const int MostTicks = 6;

    // More columns or rows leave no room for numbers.
    private const int MostCellsWritten = 10;

    /// <summary>Share of a fixed axis beyond its ends, so that points on them are not cut in half.</summary>
    private const double Room = 0.03;

    /// <summary>The figure of a chart.</summary>
    public static Figure Of(AnalysisChart chart) => chart switch
    {
        LineChart line => Line(line),
        BarChart bar => Bar(bar),
        HeatMapChart heat => Heat(heat),
        DistributionChart draws => DistributionFigures.Of(draws),
        _ => throw new ArgumentException($"a chart of type {chart.GetType().Name} cannot be drawn", nameof(chart)),
    };

    /// <summary>Height that shows all of it, in pixels.</summary>
    public static int Height(AnalysisChart chart) => chart switch
    {
        HeatMapChart heat => Math.Clamp(90 + (20 * heat.Rows.Length) + (heat.Columns.Any(c => c.Length > LongName) ? 60 : 0), 220, 1700),
        BarChart bar when Across(bar) => Math.Clamp(90 + (bar.Categories.Length * ((bar.Stacked ? 1 : bar.Series.Length) * 14 + 10)), 220, 1400),
        DistributionChart draws => 96 + (58 * draws.Groups.Length),
        _ => 300,
    };

    /// <summary>Colour of a role.</summary>
    internal static SeriesRole Colour(Role role) => role switch
    {
        Role.Baseline => SeriesRole.Baseline,
        Role.Features => SeriesRole.Intervened,
        Role.Direction => SeriesRole.Accent,
        Role.Control => SeriesRole.Control,
        _ => SeriesRole.Other,
    };

    private static Figure Line(LineChart chart) => new()
    {
        Description = $"{chart.Title}: {string.Join("; ", chart.Series.Select(s => FormattableString.Invariant($"{s.Name} from {s.Y.FirstOrDefault():0.###} to {s.Y.LastOrDefault():0.###}")))}",
        X = new AxisSpec { Title = chart.XTitle, Ticks = Whole(chart) },
        Y = new AxisSpec { Title = chart.YTitle, Range = chart is { YMin: { } from, YMax: { } to } ? (from - (Room * (to - from)), to + (Room * (to - from))) : null },
        Rules = chart.Marker is { } at ? [new Rule(at, chart.MarkerText ?? "", SeriesRole.Control, Dashed: true)] : [],
        Series = [.. chart.Series.Select(s => LineOf(s, chart.XTitle))],
    };

    // Rounds and counts have no halves.
    private static ImmutableArray<(double At, string Text)> Whole(LineChart chart)
    {
        double[] x = [.. chart.Series.SelectMany(s => s.X).Distinct().Order()];
        return x.Length is > 0 and <= MostTicks && x.All(double.IsInteger) ? [.. x.Select(v => (v, FormattableString.Invariant($"{v:0}")))] : [];
    }

    // Points that are no numbers are left out: Plotly's JSON has no word for them.
    private static Series LineOf(LineSeries line, string xTitle)
    {
        int[] there = [.. Enumerable.Range(0, line.X.Length).Where(i => double.IsFinite(line.Y[i]))];
        bool interval = line.Low.Length == line.Y.Length && line.High.Length == line.Y.Length;
        return new Series
        {
            Name = line.Name,
            Role = Colour(line.Role),
            Kind = SeriesKind.LineWithPoints,
            Dashed = line.Dashed,
            Band = interval,
            X = Series.Of(there.Select(i => line.X[i])),
            Y = Series.Of(there.Select(i => line.Y[i])),
            ErrorPlus = interval ? [.. there.Select(i => Distance(line.High[i], line.Y[i]))] : [],
            ErrorMinus = interval ? [.. there.Select(i => Distance(line.Y[i], line.Low[i]))] : [],
            Hover = [.. there.Select(i => interval
                ? FormattableString.Invariant($"{line.Name}<br>{xTitle} {line.X[i]:0.###}: {line.Y[i]:0.####} ({line.Low[i]:0.####} to {line.High[i]:0.####})")
                : FormattableString.Invariant($"{line.Name}<br>{xTitle} {line.X[i]:0.###}: {line.Y[i]:0.####}"))],
        };
    }

    private static bool Across(BarChart chart) => chart.Categories.Length > 3 && chart.Categories.Any(c => c.Length > LongName);

    private static Figure Bar(BarChart chart)
    {
        bool across = Across(chart);
        // Horizontal bars are drawn from the bottom; the first category belongs at the top.
        int[] order = across ? [.. Enumerable.Range(0, chart.Categories.Length).Reverse()] : [.. Enumerable.Range(0, chart.Categories.Length)];
        var values = new AxisSpec { Title = chart.YTitle, Range = chart.Shares ? (0, 1) : null, TickFormat = chart.Shares ? ".0%" : null };
        var names = new AxisSpec { Title = chart.XTitle, Category = true };
        return new Figure
        {
            Description = $"{chart.Title}: {string.Join("; ", chart.Series.Select(s => $"{s.Name} {string.Join(", ", chart.Categories.Take(6).Select((c, i) => FormattableString.Invariant($"{c} {s.Values[i]:0.###}")))}"))}",
            Stacked = chart.Stacked,
            Legend = chart.Series.Length > 1,
            X = across ? values : names,
            Y = across ? names : values,
            Series = [.. chart.Series.Select(s => BarsOf(s, chart, order, across))],
        };
    }

    private static Series BarsOf(BarSeries bars, BarChart chart, int[] order, bool across)
    {
        bool interval = bars.Low.Length == bars.Values.Length && bars.High.Length == bars.Values.Length;
        int[] there = [.. order.Where(i => double.IsFinite(bars.Values[i]))];
        ImmutableArray<object> names = Series.Of(there.Select(i => chart.Categories[i])), values = Series.Of(there.Select(i => bars.Values[i]));
        return new Series
        {
            Name = bars.Name,
            Role = Colour(bars.Role),
            Kind = across ? SeriesKind.BarsAcross : SeriesKind.Bars,
            X = across ? values : names,
            Y = across ? names : values,
            ErrorPlus = interval ? [.. there.Select(i => Distance(bars.High[i], bars.Values[i]))] : [],
            ErrorMinus = interval ? [.. there.Select(i => Distance(bars.Values[i], bars.Low[i]))] : [],
            Hover = [.. there.Select(i => $"{chart.Categories[i]}<br>{bars.Name}: {Number(bars.Values[i], chart.Shares)}{(interval ? $" ({Number(bars.Low[i], chart.Shares)} to {Number(bars.High[i], chart.Shares)})" : "")}")],
        };
    }

    private static Figure Heat(HeatMapChart chart) => new()
    {
        Description = $"{chart.Title}: {chart.Rows.Length} rows, {chart.Columns.Length} columns",
        Legend = false,
        X = new AxisSpec { Title = chart.XTitle, Category = true },
        Y = new AxisSpec { Title = chart.YTitle, Category = true },
        Series =
        [
            new Series
            {
                Name = chart.Title,
                Kind = SeriesKind.Heat,
                X = Series.Of(chart.Columns),
                // From the bottom.
                Y = Series.Of(chart.Rows.Reverse()),
                Z = [.. chart.Values.Reverse().Select(row => row.Select(v => double.IsFinite(v) ? v : (double?)null).ToImmutableArray())],
                Diverging = chart.Diverging,
                ZMax = chart.Max,
                CellFormat = chart.Columns.Length <= MostCellsWritten && chart.Rows.Length <= MostCellsWritten ? ".2~f" : null,
            },
        ],
    };

    private static double Distance(double upper, double lower) => double.IsFinite(upper - lower) ? Math.Max(0, upper - lower) : 0;

    private static string Number(double value, bool share) => share
        ? FormattableString.Invariant($"{100 * value:0.#} %")
        : FormattableString.Invariant($"{value:0.####}");
}
