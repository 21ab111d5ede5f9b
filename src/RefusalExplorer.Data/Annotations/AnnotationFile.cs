using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Data.Datasets;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Pipeline.Datasets;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Annotations;

/// <summary>
/// Reads annotations in long form (<see cref="AnnotationRow"/>), with their history or without, CSV with a header or JSON lines; rows of one
/// annotation need not be neighbours.
/// </summary>
public static class AnnotationFile
{
    private static readonly DatasetLimits Limits = new() { Bytes = 256L << 20, RowBytes = 1 << 20 };
    private static readonly string[] Needed = ["model", "sae", "feature", "annotator", "label", "at"];

    /// <summary>The annotations of a file, numbered where it holds a history (else 0), and a line for each row that cannot be read.</summary>
    /// <param name="path">A file whose name ends with .csv or .jsonl.</param>
    /// <exception cref="PipelineException">It is of another kind, or lacks a column.</exception>
    public static (ImmutableArray<AnnotationRevision> Annotations, ImmutableArray<string> Faults) Read(string path)
    {
        var rows = new List<Row>();
        ImmutableArray<string>.Builder faults = ImmutableArray.CreateBuilder<string>();
        bool first = true;
        foreach (DatasetRow row in Rows(new DatasetFile(path)))
        {
            if (row.Columns is null)
            {
                faults.Add($"line {row.Line}: expected {row.Broken!.Expected}, found {row.Broken.Found}");
                continue;
            }
            if (first && Needed.Where(n => !row.Columns.ContainsKey(n)).ToArray() is { Length: > 0 } missing)
                throw new PipelineException($"{Path.GetFileName(path)}: no column {string.Join(", ", missing)}; expected {string.Join(", ", AnnotationRow.Columns)}");
            first = false;
            if (Fault(row) is { } fault)
                faults.Add($"line {row.Line}: {fault}");
            else
                rows.Add(Parse(row));
        }
        return
        (
            [
                .. rows.GroupBy(r => (r.Key, r.At, r.Number, r.UndoneAt)).Select(g => new AnnotationRevision(g.Key.Number, new Annotation
                {
                    Key = g.Key.Key,
                    Labels = [.. g.Select(r => r.Label).Where(l => l.Length > 0).Distinct()],
                    Notes = g.First().Notes,
                    Confidence = g.First().Confidence,
                    At = g.Key.At,
                }, g.Key.UndoneAt)),
            ],
            faults.ToImmutable()
        );
    }

    private static IEnumerable<DatasetRow> Rows(DatasetFile file) => file.Ending switch
    {
        ".csv" => CsvRows.Read(file, Limits),
        ".jsonl" => JsonLinesRows.Read(file, Limits),
        _ => throw new PipelineException($"{Path.GetFileName(file.Path)}: expected a file of annotations, .csv or .jsonl"),
    };

    private static string? Fault(DatasetRow row)
    {
        if (!FeatureId.TryParse(row.Text("feature"), null, out _))
            return $"feature '{row.Text("feature")}'; expected L<layer>-<index>, for example L12-98";
        if (Cell(row, "annotator").Trim().Length is 0 or > AnnotationBook.LongestName)
            return $"annotator '{row.Text("annotator")}'; expected a name of 1 to {AnnotationBook.LongestName} characters";
        if (row.Text("model").Length == 0 || row.Text("sae").Length == 0)
            return "no model or sae; expected both";
        if (Cell(row, "label").Length > Codebook.LongestName || Cell(row, "notes").Length > AnnotationBook.LongestNotes)
            return $"label or notes too long; expected at most {Codebook.LongestName} and {AnnotationBook.LongestNotes} characters";
        if (row.Text("confidence") is { Length: > 0 } confidence && !(Number(confidence) is >= 0 and <= 1))
            return $"confidence '{confidence}'; expected a number from 0 to 1, or nothing";
        if (row.Text("revision") is { Length: > 0 } revision && Whole(revision) is null)
            return $"revision '{revision}'; expected a whole number from 1 on, or nothing";
        if (row.Text("undone_at") is { Length: > 0 } undone && Time(undone) is null)
            return $"undone_at '{undone}'; expected a time such as 2026-01-31T12:00:00Z, or nothing";
        return Time(row.Text("at")) is null ? $"at '{row.Text("at")}'; expected a time such as 2026-01-31T12:00:00Z" : null;
    }

    private static Row Parse(DatasetRow row) => new(
        new AnnotationKey(Cell(row, "model"), Cell(row, "sae"), FeatureId.Parse(row.Text("feature")), Cell(row, "annotator").Trim()),
        Cell(row, "label"), Number(row.Text("confidence")), Cell(row, "notes"), Time(row.Text("at"))!.Value,
        Whole(row.Text("revision")) ?? 0, Time(row.Text("undone_at")));

    private static string Cell(DatasetRow row, string column) =>
        row.File.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) ? FormulaCells.Restore(row.Text(column)) : row.Text(column);

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;

    private static int? Whole(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value > 0 ? value : null;

    private static DateTimeOffset? Time(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time)
            ? DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds())
            : null;

    private sealed record Row(
        AnnotationKey Key, string Label, double? Confidence, string Notes, DateTimeOffset At, int Number, DateTimeOffset? UndoneAt);
}
