using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Web.Analyses;

/// <summary>How a table is looked at: which rows, in which order.</summary>
public sealed record TableView
{
    /// <summary>Rows shown until one asks for all.</summary>
    public const int Usual = 50;

    /// <summary>The column that it is sorted by; null for the table's own order.</summary>
    public int? Column { get; init; }

    /// <summary>Whether the largest come first.</summary>
    public bool Descending { get; init; }

    /// <summary>Rows must hold this text in some cell.</summary>
    public string Filter { get; init; } = "";

    /// <summary>Rows at most.</summary>
    public int Most { get; init; } = Usual;

    /// <summary>Sorted by a column: numbers first with the largest on top, text by the alphabet, the other way round when asked again.</summary>
    public TableView SortBy(int column, bool number) => this with { Column = column, Descending = Column == column ? !Descending : number };

    /// <summary>The table with the rows that are shown.</summary>
    public AnalysisTable Apply(AnalysisTable table)
    {
        IEnumerable<ImmutableArray<Cell>> rows = Matching(table);
        if (Column is { } column)
        {
            // Empty cells last, whichever way.
            IOrderedEnumerable<ImmutableArray<Cell>> filled = rows.OrderBy(r => r[column].IsEmpty);
            Comparer<Cell> order = Comparer<Cell>.Create(Compare);
            rows = Descending ? filled.ThenByDescending(r => r[column], order) : filled.ThenBy(r => r[column], order);
        }
        return table with { Rows = [.. rows.Take(Most)] };
    }

    /// <summary>"12 of 50 shown", with why; null where all are.</summary>
    public string? Note(AnalysisTable table)
    {
        int all = table.Rows.Length, matching = Matching(table).Count(), shown = Math.Min(matching, Most);
        if (all == 0)
            return null;
        string why = matching < all ? "; hidden by the filter" : shown < matching ? "; the rest on request" : "";
        return shown == all ? $"{all} {(all == 1 ? "row" : "rows")}" : $"{shown} of {all} shown{why}";
    }

    private IEnumerable<ImmutableArray<Cell>> Matching(AnalysisTable table) => Filter.Trim() is { Length: > 0 } text
        ? table.Rows.Where(r => r.Any(c => c.ToString().Contains(text, StringComparison.OrdinalIgnoreCase)))
        : table.Rows;

    private static int Compare(Cell a, Cell b) => (a.Number, b.Number) switch
    {
        ({ } x, { } y) => x.CompareTo(y),
        ({ }, null) => -1,
        (null, { }) => 1,
        _ when FeatureId.TryParse(a.Text, null, out FeatureId x) && FeatureId.TryParse(b.Text, null, out FeatureId y) => x.CompareTo(y),
        _ => string.Compare(a.Text, b.Text, StringComparison.OrdinalIgnoreCase),
    };
}
