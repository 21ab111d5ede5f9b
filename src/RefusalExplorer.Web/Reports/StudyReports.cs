using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Reports;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Analyses;

namespace RefusalExplorer.Web.Reports;

/// <summary>Reports of studies: what the command <c>report</c> writes, with the analyses that were run here on the study's sets,
/// and the verdicts that people have given here.</summary>
public sealed class StudyReports(StudyLibrary studies, AnalysisRuns analyses, AnalysisCatalog catalog, StudyOverrides humans, TimeProvider time)
{
    private const int MostRuns = 1000;

    /// <summary>The report of a study as one HTML file.</summary>
    /// <param name="id">The study.</param>
    /// <param name="includeText">Whether harmful prompts and their responses are written out.</param>
    /// <exception cref="EngineException">There is no such study, or it has no result yet.</exception>
    public string Write(string id, bool includeText)
    {
        StudyEntry study = studies.Find(id) ?? throw new PipelineException($"study '{id}': there is none of that id here");
        StudyResult result = studies.Result(id) ?? study.Files.ReadResult() ?? throw new PipelineException($"study '{study.Study.Name}': no result yet; a report needs its first prompts");
        ImmutableArray<PromptResult> prompts = study.Files.ReadPrompts();
        return new HtmlReport(catalog).Write(new ReportContent
        {
            Title = $"Refusal study: {study.Study.Name} on {result.Model.Model}",
            MadeAt = time.GetUtcNow(),
            Study = humans.Of(result, () => prompts),
            Prompts = prompts,
            Analyses = Newest(study.Study),
            IncludeText = includeText,
        });
    }

    // Of each kind the newest. Titles end with the study's name, so that no other run is read.
    private ImmutableArray<AnalysisResult> Newest(StudyDefinition study) =>
    [
        .. analyses.Recent(MostRuns)
            .Where(h => h.Status == RunStatus.Finished && h.Model == study.Model && h.Title.EndsWith($" · {study.Name}", StringComparison.Ordinal))
            .GroupBy(AnalysisRuns.AnalysisOf)
            .Select(g => g.Select(h => analyses.Show(h.Id)?.Result).FirstOrDefault(r => r?.Request.Study == study.Name))
            .OfType<AnalysisResult>(),
    ];
}
