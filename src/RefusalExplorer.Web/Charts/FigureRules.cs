using System.Globalization;
using Plotly.Blazor.LayoutLib;
using Plotly.Blazor.Traces;
using Plotly.Blazor.Traces.ScatterLib;
using RefusalExplorer.Web.Theme;
using ShapeLine = Plotly.Blazor.LayoutLib.ShapeLib.Line;
using TextFont = Plotly.Blazor.LayoutLib.AnnotationLib.Font;

namespace RefusalExplorer.Web.Charts;

/// <summary>What lies around a figure's lines: upright rules with their words, and bands.</summary>
internal static class FigureRules
{
    private const string WholePlot = "paper";

    /// <summary>The rules, or null.</summary>
    public static IList<Shape>? Shapes(Figure figure, ChartPalette palette) => figure.Rules.IsEmpty ? null :
    [
        .. figure.Rules.Select(r => new Shape
        {
            Type = Plotly.Blazor.LayoutLib.ShapeLib.TypeEnum.Line,
            X0 = r.At,
            X1 = r.At,
            Y0 = 0,
            Y1 = 1,
            YRef = WholePlot,
            Line = new ShapeLine { Color = Colour(r, palette), Width = 2, Dash = r.Dashed ? "dot" : "solid" },
        }),
    ];

    /// <summary>Their words at the top of the plot, or null.</summary>
    public static IList<Annotation>? Texts(Figure figure, ChartPalette palette) => figure.Rules.All(r => r.Text.Length == 0) ? null :
    [
        .. figure.Rules.Where(r => r.Text.Length > 0).Select((r, i) => new Annotation
        {
            X = r.At,
            Y = 1,
            YRef = WholePlot,
            YAnchor = Plotly.Blazor.LayoutLib.AnnotationLib.YAnchorEnum.Top,
            XAnchor = Plotly.Blazor.LayoutLib.AnnotationLib.XAnchorEnum.Left,
            XShift = 4,
            // Two rules may stand side by side.
            YShift = -14 * i,
            Text = r.Text,
            ShowArrow = false,
            Font = new TextFont { Color = Colour(r, palette), Size = 11 },
        }),
    ];

    /// <summary>The band around a line.</summary>
    public static Scatter Band(Series s, string colour)
    {
        double[] y = [.. s.Y.Select(v => Convert.ToDouble(v, CultureInfo.InvariantCulture))];
        return new Scatter
        {
            Name = s.Name,
            ShowLegend = false,
            HoverInfo = HoverInfoFlag.Skip,
            X = [.. s.X, .. s.X.Reverse()],
            Y = [.. y.Select((v, i) => (object)(v + s.ErrorPlus[i])), .. y.Select((v, i) => (object)(v - s.ErrorMinus[i])).Reverse()],
            Mode = ModeFlag.Lines,
            Fill = FillEnum.ToSelf,
            FillColor = colour + "2b",
            Line = new Line { Width = 0, Color = colour },
        };
    }

    private static string Colour(Rule rule, ChartPalette palette) => FigurePlot.Colour(rule.Role, palette) ?? palette.Text;
}
