using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Datasets;

namespace RefusalExplorer.Data.Datasets;

/// <summary>A row as the container has it: columns by name, or why it could not be read.</summary>
internal sealed class DatasetRow(string file, long line)
{
    public string File { get; } = file;

    public long Line { get; } = line;

    /// <summary>Null where the row is broken.</summary>
    public Dictionary<string, string>? Columns { get; init; }

    public BrokenRow? Broken { get; private init; }

    public string Text(string column) => Columns!.TryGetValue(column, out string? value) ? value : "";

    public static DatasetRow Unreadable(string file, long line, string expected, string found) =>
        new(file, line) { Broken = new BrokenRow(file, line, expected, found) };

    public static Dictionary<string, string> NewColumns() => new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Names for a message.</summary>
    public static string Names(IEnumerable<string> columns) =>
        string.Join(", ", columns.Select(c => c.Length == 0 ? "(no name)" : c.ReplaceLineEndings(" ")).Take(20).ToImmutableArray());
}
