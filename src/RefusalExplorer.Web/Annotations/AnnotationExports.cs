using System.Text.Json;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Web.Components.Controls;

namespace RefusalExplorer.Web.Annotations;

/// <summary>Files of annotations in long form, which the import reads back.</summary>
public static class AnnotationExports
{
    /// <summary>Type of JSON lines.</summary>
    public const string JsonLinesType = "application/jsonl";

    /// <summary>CSV with a header.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="history">Whether they are of a history and have its columns.</param>
    public static string Csv(IEnumerable<AnnotationRow> rows, bool history)
    {
        var columns = history ? AnnotationRow.HistoryColumns : AnnotationRow.Columns;
        return Exports.Csv(columns, rows.Select(r => r.Values.Take(columns.Length)));
    }

    /// <summary>An object a row.</summary>
    public static string JsonLines(IEnumerable<AnnotationRow> rows) =>
        string.Concat(rows.Select(r => JsonSerializer.Serialize(r, JsonSerializerOptions.Web) + "\n"));
}
