using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Cli.Commands;

/// <summary>A result for people; scripts take <c>--json</c>. Text that may be harmful is left to the files.</summary>
internal static class AnalysisText
{
    private const int MostRows = 40;
    private const int MostCharacters = 60;

    public static void Write(CommandContext context, AnalysisResult result)
    {
        if (context.Json)
        {
            context.Session.Output.WriteLine(System.Text.Json.JsonSerializer.Serialize(result, AnalysisJson.Options));
            return;
        }
        AnalysisInfo info = context.Session.Get<AnalysisCatalog>().Get(result.Analysis).Info;
        context.WriteLine($"{info.Title} ({info.Paper}); run {result.RunId}, {result.Record.Seconds:0} s");
        foreach (string finding in result.Output.Findings)
            context.WriteLine($"  {finding}");
        foreach (AnalysisTable table in result.Output.Tables.Where(t => t.Rows.Length > 0 && !t.Columns.Any(c => c.Kind == ColumnKind.Sensitive)))
            Write(context, table);
    }

    private static string Cut(string text)
    {
        string line = text.ReplaceLineEndings(" ↵ ");
        return line.Length <= MostCharacters ? line : line[..(MostCharacters - 1)] + "…";
    }

    private static void Write(CommandContext context, AnalysisTable table)
    {
        context.WriteLine("");
        context.WriteLine(table.Title);
        ImmutableArray<string[]> rows =
        [
            [.. table.Columns.Select(c => c.Name)],
            .. table.Rows.Take(MostRows).Select(r => r.Select((cell, i) => Cut(AnalysisTable.Show(cell, table.Columns[i].Kind))).ToArray()),
        ];
        int[] widths = [.. Enumerable.Range(0, table.Columns.Length).Select(c => rows.Max(r => r[c].Length))];
        foreach (string[] row in rows)
            context.WriteLine("  " + string.Join("  ", row.Select((text, c) => text.PadRight(widths[c]))).TrimEnd());
        if (table.Rows.Length > MostRows)
            context.WriteLine($"  … {MostRows} of {table.Rows.Length} rows; --out writes all of them");
    }
}
