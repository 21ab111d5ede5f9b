using System.Collections.Immutable;
using System.CommandLine;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Reports;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Cli.Commands;

/// <summary><c>report STUDY</c>: one self-contained HTML file of a study and its analyses.</summary>
internal static class ReportCommand
{
    private const string FileName = "report.html";

    public static Command Create(CommandFactory factory)
    {
        var study = new Argument<string>("STUDY") { Description = "A study's definition or folder, or a folder that 'analyze --out' or 'evaluate --out' has written" };
        var folder = new Option<string?>("--folder") { Description = "The study's folder, where 'study --out' named one" };
        var output = new Option<string?>("--out") { Description = $"The file; left out: {FileName} in the folder" };
        var text = new Option<bool>("--include-text") { Description = "Writes prompts and responses out; they may be harmful" };
        return factory.Create("report", "Makes one HTML file of a study's tables, charts and records", [study, folder, output, text], async (context, cancellation) =>
        {
            StudyInput input = await StudyInput.ReadAsync(
                context, context.Arguments.GetRequiredValue(study), context.Arguments.GetValue(folder), cancellation).ConfigureAwait(false);
            if (input.HandMade is not null)
                throw new EngineException($"{context.Arguments.GetRequiredValue(study)}: a request; expected a study, or a folder of analyses that --out has written");
            ImmutableArray<AnalysisResult> analyses = AnalysisFiles.ReadAll(input.Analyses!);
            if (input.Result is null && analyses.IsEmpty)
                throw new EngineException($"{input.Folder}: neither a study's result.json nor analyses; run 'study', 'evaluate --out' or 'analyze --out' first");
            StudyResult? found = input.Result;
            try
            {
                HumanOverrides humans = context.Session.Get<HumanOverrides>();
                analyses = [.. analyses.Select(humans.Of)];
                found = found is null ? null : context.Session.Get<StudyOverrides>().Of(found, () => input.Prompts);
            }
            catch (StoreException e)
            {
                context.Log($"people's verdicts are not in the report: {e.Message}");
            }
            string path = Path.GetFullPath(context.Arguments.GetValue(output) ?? Path.Combine(input.Folder!, FileName));
            string html = new HtmlReport(context.Session.Get<AnalysisCatalog>()).Write(new ReportContent
            {
                Title = input.Result is { } result ? $"Refusal study: {result.Study.Name} on {result.Model.Model}" : $"Refusal analyses on {analyses[0].Record.Model}",
                MadeAt = DateTimeOffset.UtcNow,
                Study = found,
                Prompts = input.Prompts,
                Analyses = analyses,
                IncludeText = context.Arguments.GetValue(text),
            });
            try
            {
                await File.WriteAllTextAsync(path, html, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new EngineException($"{path}: cannot be written: {e.Message}", e);
            }
            if (context.Json)
                context.WriteJson(new { path, analyses = analyses.Select(a => a.Analysis) });
            else
                context.WriteLine($"{path}: {(input.Result is null ? "" : "the study and ")}{analyses.Length} analyses");
            return ExitCode.Ok;
        });
    }
}
