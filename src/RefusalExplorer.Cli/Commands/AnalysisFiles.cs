using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Cli.Commands;

/// <summary>A result as files: <c>{analysis}.json</c>, and a CSV for each table.</summary>
internal static class AnalysisFiles
{
    /// <summary>The analyses of a folder; other files are passed over.</summary>
    public static ImmutableArray<AnalysisResult> ReadAll(string folder) => !Directory.Exists(folder) ? [] :
    [
        .. Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal).Select(file => (file, Text: CommandContext.ReadFile(file)))
            .Where(f => f.Text.Contains("\"analysis\"", StringComparison.Ordinal) && f.Text.Contains("\"runId\"", StringComparison.Ordinal))
            .Select(f => AnalysisJson.Read<AnalysisResult>(f.Text, f.file)),
    ];

    public static void Write(string folder, AnalysisResult result)
    {
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, $"{result.Analysis}.json"), JsonSerializer.Serialize(result, AnalysisJson.Options));
            foreach (AnalysisTable table in result.Output.Tables)
                File.WriteAllText(Path.Combine(folder, $"{result.Analysis}.{table.Id}.csv"), table.ToCsv());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"{folder}: cannot be written: {e.Message}", e);
        }
    }
}
