using System.Globalization;
using System.Text;
using RefusalExplorer.Pipeline.Datasets;

namespace RefusalExplorer.Web.Components.Controls;

/// <summary>Text of files that pages save. Export exactly the rows that are shown.</summary>
public static class Exports
{
    /// <summary>Type of a CSV file.</summary>
    public const string CsvType = "text/csv";

    /// <summary>Type of a JSON file.</summary>
    public const string JsonType = "application/json";

    /// <summary>CSV (RFC 4180) with a header. Numbers are invariant; text that a spreadsheet would run as a formula is quoted with an apostrophe.</summary>
    public static string Csv(IEnumerable<string> header, IEnumerable<IEnumerable<object?>> rows)
    {
        var text = new StringBuilder();
        Line(text, header);
        foreach (IEnumerable<object?> row in rows)
            Line(text, row);
        return text.ToString();
    }

    private static void Line(StringBuilder text, IEnumerable<object?> values) =>
        text.AppendJoin(',', values.Select(Cell)).Append("\r\n");

    private static string Cell(object? value)
    {
        if (value is null)
            return "";
        if (value is IFormattable number)
            return Quote(number.ToString(null, CultureInfo.InvariantCulture));
        return Quote(FormulaCells.Defuse(value.ToString() ?? ""));
    }

    private static string Quote(string s) =>
        s.AsSpan().ContainsAny(",\"\r\n") ? $"\"{s.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : s;
}
