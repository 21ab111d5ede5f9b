using RefusalExplorer.Pipeline.Analyses.Results;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Analyses;

/// <summary>Looks into results.</summary>
internal static class Tables
{
    public static AnalysisTable Get(AnalysisResult result, string id) => result.Output.Tables.Single(t => t.Id == id);

    /// <summary>The cell of a row that is named by its first cell.</summary>
    public static double Number(AnalysisTable table, string row, string column) =>
        table.Column(column)[table.Rows.ToList().FindIndex(r => r[0].ToString() == row)].Number!.Value;

    public static void Close(IEnumerable<double> expected, IEnumerable<Cell> actual, double tolerance)
    {
        double[] numbers = [.. expected];
        Cell[] cells = [.. actual];
        Assert.Equal(numbers.Length, cells.Length);
        for (int i = 0; i < numbers.Length; i++)
        {
            double found = cells[i].Number ?? double.NaN;
            Assert.True(
                double.IsNaN(numbers[i]) ? cells[i].IsEmpty : Math.Abs(numbers[i] - found) <= tolerance * Math.Max(1, Math.Abs(numbers[i])),
                $"row {i}: expected {numbers[i]}, found {cells[i]}");
        }
    }
}
