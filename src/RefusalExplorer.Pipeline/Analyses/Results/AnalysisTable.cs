using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using RefusalExplorer.Pipeline.Datasets;

namespace RefusalExplorer.Pipeline.Analyses.Results;

/// <summary>What a column holds, and so how it is written.</summary>
public enum ColumnKind
{
    /// <summary>Text as it is.</summary>
    Text,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A count.</summary>
    Count,

    /// <summary>A share from 0 to 1, shown in percent.</summary>
    Share,

    /// <summary>A feature, or several.</summary>
    Feature,

    /// <summary>Text that may be harmful: blurred on pages, withheld in reports unless asked for.</summary>
    Sensitive,
}

/// <summary>A column.</summary>
/// <param name="Name">Its heading, also in CSV.</param>
/// <param name="Kind">What it holds.</param>
public sealed record TableColumn(string Name, ColumnKind Kind = ColumnKind.Number);

/// <summary>A table of an analysis: pure data, the same for pages, CSV, JSON and reports.</summary>
public sealed record AnalysisTable
{
    /// <summary>Id within the result, for file names (<c>by-layer</c>).</summary>
    public required string Id { get; init; }

    /// <summary>Heading.</summary>
    public required string Title { get; init; }

    /// <summary>Columns.</summary>
    public required ImmutableArray<TableColumn> Columns { get; init; }

    /// <summary>Rows; each as long as the columns.</summary>
    public required ImmutableArray<ImmutableArray<Cell>> Rows { get; init; }

    /// <summary>Makes a table and checks its shape.</summary>
    /// <exception cref="PipelineException">A row has another length than the columns.</exception>
    public static AnalysisTable Of(string id, string title, IEnumerable<TableColumn> columns, IEnumerable<IEnumerable<Cell>> rows)
    {
        ImmutableArray<TableColumn> heads = [.. columns];
        ImmutableArray<ImmutableArray<Cell>> cells = [.. rows.Select(r => r.ToImmutableArray())];
        int bad = cells.ToList().FindIndex(r => r.Length != heads.Length);
        if (bad >= 0)
            throw new PipelineException($"table {id}, row {bad + 1}: {cells[bad].Length} cells; expected {heads.Length}, one for each column");
        return new AnalysisTable { Id = id, Title = title, Columns = heads, Rows = cells };
    }

    /// <summary>The place of a column, or -1 where there is none.</summary>
    public int IndexOf(string name) => Columns.ToList().FindIndex(c => c.Name == name);

    /// <summary>The cells of a column.</summary>
    /// <exception cref="PipelineException">There is no such column.</exception>
    public ImmutableArray<Cell> Column(string name)
    {
        int index = IndexOf(name);
        return index >= 0
            ? [.. Rows.Select(r => r[index])]
            : throw new PipelineException($"table {Id}: no column '{name}' among {string.Join(", ", Columns.Select(c => c.Name))}");
    }

    /// <summary>RFC 4180, numbers with all their digits. A text that a spreadsheet would run as a formula gets an apostrophe before it.</summary>
    public string ToCsv()
    {
        StringBuilder csv = new();
        csv.AppendJoin(',', Columns.Select(c => Quote(FormulaCells.Defuse(c.Name)))).Append("\r\n");
        foreach (ImmutableArray<Cell> row in Rows)
            csv.AppendJoin(',', row.Select(c => c.Text is { } text ? Quote(FormulaCells.Defuse(text)) : c.ToString())).Append("\r\n");
        return csv.ToString();
    }

    /// <summary>A cell as people read it.</summary>
    public static string Show(Cell cell, ColumnKind kind) => cell.Number switch
    {
        null => cell.Text ?? "–",
        { } n when kind == ColumnKind.Count => n.ToString("#,0", CultureInfo.InvariantCulture),
        { } n when kind == ColumnKind.Share => (Math.Abs(n) < 0.0005 ? 0 : 100 * n).ToString("0.0", CultureInfo.InvariantCulture) + " %",
        { } n when n != 0 && Math.Abs(n) < 0.001 => n.ToString("0.0e0", CultureInfo.InvariantCulture),
        { } n => n.ToString("0.####", CultureInfo.InvariantCulture),
    };

    private static string Quote(string text) =>
        text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
