using System.Collections.Immutable;
using System.Net;
using System.Text;
using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Pipeline.Reports;

/// <summary>Draws the charts of analyses as inline SVG: no script, colours by class so that the page's style sheet serves both themes and print.</summary>
public static class SvgChart
{
    private const double Width = 760, Height = 330, Left = 64, Right = 16, Top = 14, Bottom = 54;

    /// <summary>One chart as an <c>svg</c> element with its legend below.</summary>
    public static string Draw(AnalysisChart chart) => chart switch
    {
        LineChart line => Lines(line),
        BarChart bar => Bars(bar),
        HeatMapChart map => HeatMap(map),
        DistributionChart draws => Strips(draws),
        _ => throw new InvalidOperationException($"no drawing for {chart.GetType().Name}"),
    };

    private static string Lines(LineChart chart)
    {
        double[] x = [.. chart.Series.SelectMany(s => s.X)], y = [.. chart.Series.SelectMany(s => s.Y.Concat(s.Low).Concat(s.High)).Where(double.IsFinite)];
        Scale across = Scale.Of(x, Left, Width - Right, null, null), up = Scale.Of(y, Height - Bottom, Top, chart.YMin, chart.YMax);
        StringBuilder svg = Begin(chart, Height);
        Axes(svg, chart, up, [.. across.Ticks().Select(t => (across.At(t), Number(t)))]);
        if (chart.Marker is { } marker)
        {
            svg.Append(Inv($"<line class=\"marker\" x1=\"{across.At(marker):0.#}\" x2=\"{across.At(marker):0.#}\" y1=\"{Top}\" y2=\"{Height - Bottom}\"/>"));
            svg.Append(Inv($"<text x=\"{across.At(marker) + 4:0.#}\" y=\"{Top + 10}\">{Text(chart.MarkerText ?? "")}</text>"));
        }
        for (int s = 0; s < chart.Series.Length; s++)
        {
            LineSeries series = chart.Series[s];
            string colour = Colour(series.Role, s);
            int[] drawn = [.. Enumerable.Range(0, series.X.Length).Where(i => double.IsFinite(series.Y[i]))];
            if (!series.Low.IsEmpty)
            {
                int[] known = [.. drawn.Where(i => double.IsFinite(series.Low[i]) && double.IsFinite(series.High[i]))];
                IEnumerable<string> edge = known.Select(i => Point(across.At(series.X[i]), up.At(series.High[i]))).Concat(known.Reverse().Select(i => Point(across.At(series.X[i]), up.At(series.Low[i]))));
                svg.Append($"<polygon class=\"band {colour}\" points=\"{string.Join(' ', edge)}\"/>");
            }
            svg.Append($"<polyline class=\"line {colour}{(series.Dashed ? " dashed" : "")}\" points=\"{string.Join(' ', drawn.Select(i => Point(across.At(series.X[i]), up.At(series.Y[i]))))}\"/>");
            foreach (int i in drawn)
                svg.Append(Inv($"<circle class=\"dot {colour}\" cx=\"{across.At(series.X[i]):0.#}\" cy=\"{up.At(series.Y[i]):0.#}\" r=\"2.5\"><title>{Text(series.Name)}: {Number(series.X[i])}, {Number(series.Y[i])}</title></circle>"));
        }
        return End(svg, chart.Series.Select((s, i) => (s.Name, Colour(s.Role, i), s.Dashed)));
    }

    private static string Bars(BarChart chart)
    {
        int groups = Math.Max(1, chart.Categories.Length), series = Math.Max(1, chart.Series.Length);
        double[] y = chart.Stacked
            ? [.. Enumerable.Range(0, chart.Categories.Length).Select(c => chart.Series.Sum(s => Math.Max(0, Finite(s.Values[c]))))]
            : [.. chart.Series.SelectMany(s => s.Values.Concat(s.High).Concat(s.Low)).Where(double.IsFinite)];
        Scale up = Scale.Of([.. y, 0], Height - Bottom, Top, null, chart.Shares ? 1 : null);
        double slot = (Width - Left - Right) / groups, bar = slot * 0.8 / (chart.Stacked ? 1 : series);
        StringBuilder svg = Begin(chart, Height);
        Axes(svg, chart, up, [.. chart.Categories.Select((c, i) => (Left + (slot * (i + 0.5)), c))]);
        for (int c = 0; c < chart.Categories.Length; c++)
        {
            double below = 0;
            for (int s = 0; s < chart.Series.Length; s++)
            {
                double value = chart.Series[s].Values[c];
                if (!double.IsFinite(value))
                    continue;
                double from = chart.Stacked ? below : 0, at = Left + (slot * (c + 0.1)) + (chart.Stacked ? 0 : bar * s);
                below += value;
                double top = Math.Min(up.At(from), up.At(from + value)), high = Math.Abs(up.At(from) - up.At(from + value));
                svg.Append(Inv($"<rect class=\"bar {Colour(chart.Series[s].Role, s)}\" x=\"{at:0.#}\" y=\"{top:0.#}\" width=\"{bar * 0.94:0.#}\" height=\"{high:0.#}\"><title>{Text(chart.Categories[c])}, {Text(chart.Series[s].Name)}: {Number(value)}</title></rect>"));
                if (!chart.Stacked && c < chart.Series[s].Low.Length && double.IsFinite(chart.Series[s].Low[c]))
                    svg.Append(Inv($"<line class=\"whisker\" x1=\"{at + (bar / 2):0.#}\" x2=\"{at + (bar / 2):0.#}\" y1=\"{up.At(chart.Series[s].Low[c]):0.#}\" y2=\"{up.At(chart.Series[s].High[c]):0.#}\"/>"));
            }
        }
        return End(svg, chart.Series.Select((s, i) => (s.Name, Colour(s.Role, i), false)));
    }

    private static string HeatMap(HeatMapChart chart)
    {
        const double labels = 130;
        double cell = Math.Min(56, (Width - labels - Right) / Math.Max(1, chart.Columns.Length)), row = Math.Clamp(cell, 14, 26);
        double height = Top + (row * chart.Rows.Length) + 96;
        double max = chart.Max ?? chart.Values.SelectMany(r => r).Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(1).Max();
        StringBuilder svg = Begin(chart, height);
        for (int r = 0; r < chart.Rows.Length; r++)
        {
            svg.Append(Inv($"<text class=\"end\" x=\"{labels - 6}\" y=\"{Top + (row * (r + 0.7)):0.#}\">{Text(Short(chart.Rows[r], 22))}</text>"));
            for (int c = 0; c < chart.Columns.Length; c++)
            {
                double value = chart.Values[r][c];
                if (double.IsFinite(value))
                    svg.Append(Inv($"<rect class=\"{(value < 0 ? "cold" : "warm")}\" fill-opacity=\"{(max > 0 ? Math.Clamp(Math.Abs(value) / max, 0.03, 1) : 0.03):0.##}\" x=\"{labels + (cell * c):0.#}\" y=\"{Top + (row * r):0.#}\" width=\"{cell - 1:0.#}\" height=\"{row - 1:0.#}\"><title>{Text(chart.Rows[r])}, {Text(chart.Columns[c])}: {Number(value)}</title></rect>"));
            }
        }
        for (int c = 0; c < chart.Columns.Length; c++)
        {
            double x = labels + (cell * (c + 0.5)), y = Top + (row * chart.Rows.Length) + 12;
            svg.Append(Inv($"<text class=\"end\" x=\"{x:0.#}\" y=\"{y:0.#}\" transform=\"rotate(-40 {x:0.#} {y:0.#})\">{Text(Short(chart.Columns[c], 22))}</text>"));
        }
        return End(svg, []);
    }

    private static string Strips(DistributionChart chart)
    {
        const double labels = 210;
        double row = 44, height = Top + (row * chart.Groups.Length) + Bottom;
        double?[] lines = [chart.Value, chart.Reference];
        Scale across = Scale.Of([.. chart.Groups.SelectMany(g => g.Draws), .. lines.OfType<double>()], labels, Width - Right, null, null);
        StringBuilder svg = Begin(chart, height);
        for (int g = 0; g < chart.Groups.Length; g++)
        {
            double y = Top + (row * (g + 0.5));
            svg.Append(Inv($"<text class=\"end\" x=\"{labels - 10}\" y=\"{y:0.#}\">{Text(chart.Groups[g].Name)}</text><text class=\"end note\" x=\"{labels - 10}\" y=\"{y + 14:0.#}\">{Text(chart.Groups[g].Note)}</text>"));
            foreach (double draw in chart.Groups[g].Draws)
                svg.Append(Inv($"<circle class=\"draw control\" cx=\"{across.At(draw):0.#}\" cy=\"{y:0.#}\" r=\"4\"><title>{Number(draw)}</title></circle>"));
        }
        foreach ((double? value, string? name, string style) in new[] { (chart.Value, chart.ValueName, "features"), (chart.Reference, chart.ReferenceName, "baseline") })
        {
            if (value is { } at)
                svg.Append(Inv($"<line class=\"value {style}\" x1=\"{across.At(at):0.#}\" x2=\"{across.At(at):0.#}\" y1=\"{Top}\" y2=\"{height - Bottom}\"><title>{Text(name ?? "")}: {Number(at)}</title></line>"));
        }
        foreach (double tick in across.Ticks())
            svg.Append(Inv($"<text class=\"middle\" x=\"{across.At(tick):0.#}\" y=\"{height - Bottom + 16:0.#}\">{Number(tick)}</text>"));
        svg.Append(Inv($"<text class=\"middle title\" x=\"{(labels + Width) / 2:0.#}\" y=\"{height - 12:0.#}\">{Text(chart.XTitle)}</text>"));
        IEnumerable<(string, string, bool)> legend = [(chart.ValueName, "features", false), .. chart.ReferenceName is { } reference ? ((string, string, bool)[])[(reference, "baseline", false)] : []];
        return End(svg, legend);
    }

    private static StringBuilder Begin(AnalysisChart chart, double height) =>
        new StringBuilder().Append(Inv($"<svg viewBox=\"0 0 {Width} {height:0.#}\" role=\"img\" aria-label=\"{Text(chart.Title)}\" xmlns=\"http://www.w3.org/2000/svg\">"));

    private static string End(StringBuilder svg, IEnumerable<(string Name, string Colour, bool Dashed)> legend)
    {
        svg.Append("</svg>");
        (string Name, string Colour, bool Dashed)[] entries = [.. legend];
        if (entries.Length > 0)
            svg.Append("<p class=\"legend\">").AppendJoin("", entries.Select(e => $"<span><i class=\"key {e.Colour}{(e.Dashed ? " dashed" : "")}\"></i>{Text(e.Name)}</span>")).Append("</p>");
        return svg.ToString();
    }

    private static void Axes(StringBuilder svg, AnalysisChart chart, Scale up, ImmutableArray<(double At, string Label)> bottom)
    {
        foreach (double tick in up.Ticks())
            svg.Append(Inv($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{up.At(tick):0.#}\" y2=\"{up.At(tick):0.#}\"/><text class=\"end\" x=\"{Left - 6}\" y=\"{up.At(tick) + 4:0.#}\">{(chart is BarChart { Shares: true } ? Inv($"{100 * tick:0.#} %") : Number(tick))}</text>"));
        int every = Math.Max(1, bottom.Length / 26);
        bool slanted = bottom.Any(b => b.Label.Length * 6.5 > (Width - Left) / Math.Max(1, bottom.Length));
        for (int i = 0; i < bottom.Length; i += every)
        {
            string label = Text(Short(bottom[i].Label, slanted ? 14 : 30));
            svg.Append(slanted
                ? Inv($"<text class=\"end\" x=\"{bottom[i].At:0.#}\" y=\"{Height - Bottom + 12}\" transform=\"rotate(-30 {bottom[i].At:0.#} {Height - Bottom + 12})\">{label}</text>")
                : Inv($"<text class=\"middle\" x=\"{bottom[i].At:0.#}\" y=\"{Height - Bottom + 16}\">{label}</text>"));
        }
        svg.Append(Inv($"<text class=\"middle title\" x=\"{(Left + Width) / 2}\" y=\"{Height - 6}\">{Text(chart.XTitle)}</text>"));
        svg.Append(Inv($"<text class=\"middle title\" x=\"14\" y=\"{Height / 2}\" transform=\"rotate(-90 14 {Height / 2})\">{Text(chart.YTitle)}</text>"));
    }

    private static string Colour(SeriesRole role, int index) => role switch
    {
        SeriesRole.Baseline => "baseline",
        SeriesRole.Features => "features",
        SeriesRole.Direction => "direction",
        SeriesRole.Control => "control",
        _ => Inv($"other{index % 6}"),
    };

    private static double Finite(double value) => double.IsFinite(value) ? value : 0;

    private static string Point(double x, double y) => Inv($"{x:0.#},{y:0.#}");

    private static string Number(double value) => AnalysisTable.Show(value, ColumnKind.Number);

    private static string Short(string text, int most) => text.Length <= most ? text : text[..(most - 1)] + "…";

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static string Inv(FormattableString text) => FormattableString.Invariant(text);

    /// <summary>Values to places, linear.</summary>
    private sealed record Scale(double Low, double High, double From, double To)
    {
        public static Scale Of(IReadOnlyCollection<double> values, double from, double to, double? low, double? high)
        {
            double[] finite = [.. values.Where(double.IsFinite)];
            double least = low ?? finite.DefaultIfEmpty(0).Min(), most = high ?? finite.DefaultIfEmpty(1).Max();
            return new Scale(least, most > least ? most : least + 1, from, to);
        }

        public double At(double value) => From + ((value - Low) / (High - Low) * (To - From));

        /// <summary>Four to ten round numbers.</summary>
        public IEnumerable<double> Ticks()
        {
            double rough = (High - Low) / 5, power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
            double step = power * ((rough / power) switch { < 1.5 => 1, < 3.5 => 2, < 7.5 => 5, _ => 10 });
            for (double n = Math.Ceiling(Low / step); n * step <= High + (step * 1e-9); n++)
                yield return Math.Round(n * step, 12);
        }
    }
}
