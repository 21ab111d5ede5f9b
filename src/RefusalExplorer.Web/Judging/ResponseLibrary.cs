using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Analyses;
using JudgedResponse = RefusalExplorer.Pipeline.Analyses.Results.JudgedResponse;

namespace RefusalExplorer.Web.Judging;

/// <summary>Runs that hold responses: analyses, studies and experiments of the Explore page.</summary>
public sealed class ResponseLibrary(AnalysisRuns analyses, StudyLibrary studies, IRunStore store, IExploreCatalog catalog)
{
    private const int MostHeaders = 300;

    /// <summary>The newest runs that have a response to judge.</summary>
    public ImmutableArray<RunHeader> Recent(int most) =>
        [.. store.List(new RunQuery { Take = MostHeaders }).Items.Where(h => h.Status != RunStatus.Running && HasSome(h.Id)).Take(most)];

    /// <summary>The responses of a run with the verdicts that it was stored with; none of a run that is not here or has none.</summary>
    /// <exception cref="EngineException">This version cannot read the run.</exception>
    public ImmutableArray<JudgedResponse> Of(string id)
    {
        if (!store.TryGet(id, out StoredRun? run))
            return [];
        return run.Header.Kind switch
        {
            StudyLibrary.Kind => studies.Find(id) is { } study ? StoredResponses.Of(study.Files.ReadPrompts(), study.Study.Name) : [],
            StoredExperiment.Kind => StoredExperiment.Read(run).Result is { } result ? StoredResponses.Of(result, CategoryOf) : [],
            _ when run.Header.Kind.StartsWith("analysis/", StringComparison.Ordinal) => analyses.Find(id)?.Result?.Output.Responses ?? [],
            _ => [],
        };
    }

    /// <summary>The detectors that judged a run where they were its own: a study names its phrases. Null for the usual ones.</summary>
    public VerdictPanel? PanelOf(string id) => studies.Find(id)?.Study.Judge.Panel();

    /// <summary>A run as lists name it.</summary>
    public static string TitleOf(RunHeader run) => run.Kind switch
    {
        StudyLibrary.Kind => $"Study: {run.Title}",
        StoredExperiment.Kind => $"Explore: {run.Title}",
        _ => run.Title,
    };

    private string? CategoryOf(string instruction) =>
        catalog.PromptSets.SelectMany(s => s.Items).FirstOrDefault(i => i.Instruction == instruction)?.Category;

    // A run of another version is no reason to show no list at all.
    private bool HasSome(string id)
    {
        try
        {
            return !Of(id).IsEmpty;
        }
        catch (EngineException)
        {
            return false;
        }
    }
}
