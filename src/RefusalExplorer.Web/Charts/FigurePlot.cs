using Plotly.Blazor;
using Plotly.Blazor.LayoutLib;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;
using RefusalExplorer.Web.Theme;
using BarError = Plotly.Blazor.Traces.BarLib.ErrorY;
using BarErrorX = Plotly.Blazor.Traces.BarLib.ErrorX;
using BarMarker = Plotly.Blazor.Traces.BarLib.Marker;
using Title = Plotly.Blazor.LayoutLib.XAxisLib.Title;
using YTitle = Plotly.Blazor.LayoutLib.YAxisLib.Title;

namespace RefusalExplorer.Web.Charts;

/// <summary>Turns a figure into what Plotly draws, in the theme's colours.</summary>
public static class FigurePlot
{
    private const string Sans = "Inter, system-ui, sans-serif";

    /// <summary>No bar of tools, no links elsewhere.</summary>
    public static Config Config => new()
    {
        DisplayModeBar = Plotly.Blazor.ConfigLib.DisplayModeBarEnum.False,
        DisplayLogo = false,
        ShowSendToCloud = false,
        PlotlyServerUrl = "",
        Responsive = true,
    };

    /// <summary>The layout.</summary>
    public static Layout Layout(Figure figure, ChartPalette palette) => new()
    {
        AutoSize = true,
        PaperBgColor = ChartPalette.Paper,
        PlotBgColor = ChartPalette.Paper,
        Font = new Font { Family = Sans, Size = 11, Color = palette.Text },
        Margin = new Margin { L = 46, R = 10, T = figure.Legend ? 26 : 8, B = 34, AutoExpand = true },
        ShowLegend = figure.Legend,
        Legend = [new Legend { Orientation = Plotly.Blazor.LayoutLib.LegendLib.OrientationEnum.H, X = 0, Y = 1.02m, YAnchor = Plotly.Blazor.LayoutLib.LegendLib.YAnchorEnum.Bottom, BgColor = ChartPalette.Paper, Font = new Plotly.Blazor.LayoutLib.LegendLib.Font { Size = 10 } }],
        HoverMode = HoverModeEnum.Closest,
        BarMode = figure.Stacked ? BarModeEnum.Stack : BarModeEnum.Group,
        BarGap = 0.25m,
        XAxis = [X(figure.X, palette)],
        YAxis = [Y(figure.Y, palette)],
        Shapes = FigureRules.Shapes(figure, palette),
        Annotations = FigureRules.Texts(figure, palette),
    };

    /// <summary>The traces.</summary>
    public static List<ITrace> Traces(Figure figure, ChartPalette palette)
    {
        int other = 0;
        string[] others = palette.Beside(figure.Series.Select(s => Colour(s.Role, palette)));
        List<ITrace> traces = [];
        foreach (Series s in figure.Series)
        {
            string colour = Colour(s.Role, palette) ?? others[other++ % others.Length];
            // Below its line.
            if (s.Band && !s.ErrorPlus.IsEmpty)
                traces.Add(FigureRules.Band(s, colour));
            traces.Add(Trace(s, colour, palette));
        }
        return traces;
    }

    /// <summary>Colour of a role, or null for one without its own.</summary>
    internal static string? Colour(SeriesRole role, ChartPalette palette) => role switch
    {
        SeriesRole.Baseline => palette.Baseline,
        SeriesRole.Intervened => palette.Intervened,
        SeriesRole.Control => palette.Control,
        SeriesRole.Accent => palette.Accent,
        _ => null,
    };

    private static ITrace Trace(Series s, string colour, ChartPalette palette) => s.Kind switch
    {
        SeriesKind.Bars or SeriesKind.BarsAcross => Bars(s, colour, palette),
        SeriesKind.Heat => Heat(s, palette),
        _ => Scatter(s, s.Ring ? palette.Text : colour),
    };

    private static Scatter Scatter(Series s, string colour) => new()
    {
        Name = s.Name,
        X = [.. s.X],
        Y = [.. s.Y],
        Mode = s.Kind switch
        {
            SeriesKind.Points => ModeFlag.Markers,
            SeriesKind.LineWithPoints => ModeFlag.Lines | ModeFlag.Markers,
            _ => ModeFlag.Lines,
        },
        Line = new Line { Color = colour, Width = 2, Dash = s.Dashed ? "dot" : "solid" },
        Marker = Marker(s, colour),
        HoverTextArray = s.Hover.IsEmpty ? null : [.. s.Hover],
        HoverInfo = s.Hover.IsEmpty ? null : HoverInfoFlag.Text,
        ErrorY = s.ErrorPlus.IsEmpty || s.Band ? null : new ErrorY
        {
            Array = [.. s.ErrorPlus.Cast<object>()],
            ArrayMinus = [.. s.ErrorMinus.Cast<object>()],
            Symmetric = false,
            Color = colour,
            Thickness = 1,
            Width = 3,
        },
    };

    private static Marker Marker(Series s, string colour) => s.Ring
        ? new Marker { Color = colour, Size = 34, Symbol = Plotly.Blazor.Traces.ScatterLib.MarkerLib.SymbolEnum.CircleOpen, Line = new Plotly.Blazor.Traces.ScatterLib.MarkerLib.Line { Width = 2.5m } }
        : s.Sizes.IsEmpty
        ? new Marker { Color = colour, Size = 6 }
        : new Marker { Color = colour, Opacity = 0.65m, SizeArray = [.. s.Sizes.Select(v => (decimal?)(decimal)v)] };

    private static Bar Bars(Series s, string colour, ChartPalette palette)
    {
        bool across = s.Kind == SeriesKind.BarsAcross;
        IList<object>? plus = s.ErrorPlus.IsEmpty ? null : [.. s.ErrorPlus.Cast<object>()];
        IList<object>? minus = s.ErrorPlus.IsEmpty ? null : [.. s.ErrorMinus.Cast<object>()];
        return new Bar
        {
            Name = s.Name,
            X = [.. s.X],
            Y = [.. s.Y],
            Orientation = across ? Plotly.Blazor.Traces.BarLib.OrientationEnum.H : Plotly.Blazor.Traces.BarLib.OrientationEnum.V,
            Marker = s.PointRoles.IsEmpty
                ? new BarMarker { Color = colour }
                : new BarMarker { ColorArray = [.. s.PointRoles.Select(r => (object)(Colour(r, palette) ?? colour))] },
            HoverTextArray = s.Hover.IsEmpty ? null : [.. s.Hover],
            HoverInfo = s.Hover.IsEmpty ? null : Plotly.Blazor.Traces.BarLib.HoverInfoFlag.Text,
            ErrorY = plus is null || across ? null : new BarError { Array = plus, ArrayMinus = minus, Symmetric = false, Color = palette.Text, Thickness = 1, Width = 3 },
            ErrorX = plus is null || !across ? null : new BarErrorX { Array = plus, ArrayMinus = minus, Symmetric = false, Color = palette.Text, Thickness = 1, Width = 3 },
        };
    }

    private static HeatMap Heat(Series s, ChartPalette palette)
    {
        decimal? max = s.ZMax is { } z ? (decimal)z : null;
        object[][] scale = s.Diverging
            ? [[0, palette.Baseline], [0.5, palette.Grid], [1, palette.Intervened]]
            : [[0, palette.Grid], [1, palette.Intervened]];
        return new HeatMap
        {
            Name = s.Name,
            X = [.. s.X],
            Y = [.. s.Y],
            Z = [.. s.Z.Select(row => (object)row.Select(v => (object?)v).ToArray())],
            ColorScale = scale,
            ZMin = s.Diverging ? -max : max is null ? null : 0,
            ZMax = max,
            ZMid = s.Diverging ? 0 : null,
            ShowScale = true,
            ColorBar = new Plotly.Blazor.Traces.HeatMapLib.ColorBar { Thickness = 10, OutlineWidth = 0 },
            XGap = 1,
            YGap = 1,
            HoverOnGaps = false,
            TextTemplate = s.CellFormat is { } format ? $"%{{z:{format}}}" : null,
            HoverTemplate = "%{y} · %{x}: %{z:.3~g}<extra></extra>",
        };
    }

    private static XAxis X(AxisSpec axis, ChartPalette palette) => new()
    {
        Title = new Title { Text = axis.Title, Standoff = 6 },
        GridColor = palette.Grid,
        ZeroLineColor = palette.Grid,
        LineColor = palette.Grid,
        TickFont = new Plotly.Blazor.LayoutLib.XAxisLib.TickFont { Color = palette.Muted },
        AutoMargin = Plotly.Blazor.LayoutLib.XAxisLib.AutoMarginFlag.True,
        Range = Range(axis),
        TickFormat = axis.TickFormat,
        TickMode = axis.Ticks.IsEmpty ? null : Plotly.Blazor.LayoutLib.XAxisLib.TickModeEnum.Array,
        TickVals = axis.Ticks.IsEmpty ? null : [.. axis.Ticks.Select(t => (object)t.At)],
        TickText = axis.Ticks.IsEmpty ? null : [.. axis.Ticks.Select(t => (object)t.Text)],
        Type = axis.Category ? Plotly.Blazor.LayoutLib.XAxisLib.TypeEnum.Category : axis.Log ? Plotly.Blazor.LayoutLib.XAxisLib.TypeEnum.Log : null,
    };

    private static YAxis Y(AxisSpec axis, ChartPalette palette) => new()
    {
        Title = new YTitle { Text = axis.Title, Standoff = 6 },
        GridColor = palette.Grid,
        ZeroLineColor = palette.Grid,
        LineColor = palette.Grid,
        TickFont = new Plotly.Blazor.LayoutLib.YAxisLib.TickFont { Color = palette.Muted },
        AutoMargin = Plotly.Blazor.LayoutLib.YAxisLib.AutoMarginFlag.True,
        Range = Range(axis),
        TickFormat = axis.TickFormat,
        TickMode = axis.Ticks.IsEmpty ? null : Plotly.Blazor.LayoutLib.YAxisLib.TickModeEnum.Array,
        TickVals = axis.Ticks.IsEmpty ? null : [.. axis.Ticks.Select(t => (object)t.At)],
        TickText = axis.Ticks.IsEmpty ? null : [.. axis.Ticks.Select(t => (object)t.Text)],
        Type = axis.Category ? Plotly.Blazor.LayoutLib.YAxisLib.TypeEnum.Category : axis.Log ? Plotly.Blazor.LayoutLib.YAxisLib.TypeEnum.Log : null,
    };

    private static List<object>? Range(AxisSpec axis) => axis.Range is { } r ? [r.From, r.To] : null;
}
