namespace RefusalExplorer.Pipeline.Datasets;

/// <summary>Cells of CSV files that a spreadsheet would run as formulas: written with an apostrophe before them, and read back without it.</summary>
public static class FormulaCells
{
    /// <summary>The cell as it is written. One that has apostrophes before a formula already gets one more, so that <see cref="Restore"/> gives it back.</summary>
    public static string Defuse(string text) => IsFormula(text) ? "'" + text : text;

    /// <summary>The cell as it was before <see cref="Defuse"/>.</summary>
    public static string Restore(string text) => text.StartsWith('\'') && IsFormula(text) ? text[1..] : text;

    private static bool IsFormula(string text) => text.TrimStart('\'') is ['=' or '+' or '-' or '@' or '\t' or '\r' or '\n', ..];
}
