using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Web.Charts.Analyses;

/// <summary>The numbers of a chart as a table, one row a point: what its CSV and JSON files hold.</summary>
public static class ChartData
{
    private const ColumnKind Text = ColumnKind.Text;

    /// <summary>The table of a chart.</summary>
    public static AnalysisTable Of(AnalysisChart chart) => chart switch
    {
        LineChart line => AnalysisTable.Of(line.Id, line.Title,
            [new("series", Text), new(Or(line.XTitle, "x")), new(Or(line.YTitle, "y")), new("low"), new("high")],
            line.Series.SelectMany(s => s.X.Select((x, i) => (IEnumerable<Cell>)[s.Name, x, s.Y[i], At(s.Low, i), At(s.High, i)]))),
        BarChart bar => AnalysisTable.Of(bar.Id, bar.Title,
            [new("series", Text), new(Or(bar.XTitle, "category"), Text), new(Or(bar.YTitle, "value")), new("low"), new("high")],
            bar.Series.SelectMany(s => s.Values.Select((v, i) => (IEnumerable<Cell>)[s.Name, bar.Categories[i], v, At(s.Low, i), At(s.High, i)]))),
        HeatMapChart heat => AnalysisTable.Of(heat.Id, heat.Title,
            [new(Or(heat.YTitle, "row"), Text), new(Or(heat.XTitle, "column"), Text), new("value")],
            heat.Rows.SelectMany((row, r) => heat.Columns.Select((column, c) => (IEnumerable<Cell>)[row, column, heat.Values[r][c]]))),
        DistributionChart draws => AnalysisTable.Of(draws.Id, draws.Title,
            [new("group", Text), new(Or(draws.XTitle, "value"))],
            [
                [draws.ValueName, draws.Value],
                .. draws.Reference is { } reference ? [[draws.ReferenceName ?? "reference", reference]] : (IEnumerable<Cell>[])[],
                .. draws.Groups.SelectMany(g => g.Draws.Select(d => (IEnumerable<Cell>)[g.Name, d])),
            ]),
        _ => throw new ArgumentException($"a chart of type {chart.GetType().Name} has no table", nameof(chart)),
    };

    private static Cell At(IReadOnlyList<double> values, int i) => i < values.Count ? values[i] : Cell.Empty;

    private static string Or(string text, string other) => text.Length > 0 ? text : other;
}
