using Microsoft.Extensions.Logging.Abstractions;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.AttackSuccess;
using RefusalExplorer.Pipeline.Analyses.CausalLinks;
using RefusalExplorer.Pipeline.Analyses.Controls;
using RefusalExplorer.Pipeline.Analyses.DoseResponse;
using RefusalExplorer.Pipeline.Analyses.JudgeAgreement;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Analyses;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Judging;
using RefusalExplorer.Web.Runs;
using RefusalExplorer.Web.Tests.Fakes;

namespace RefusalExplorer.Web.Tests.Analyses;

/// <summary>Everything that pages of analyses stand on, without a model and in memory.</summary>
public sealed class AnalysisParts : IDisposable
{
    private readonly RunHub _hub = new();

    public AnalysisParts()
    {
        Runner = new ScriptedAnalysisRunner(Store);
        Humans = new HumanVerdicts(Documents, TimeProvider.System);
        Runs = new AnalysisRuns(_hub, Catalog, Runner, Store, new HumanOverrides(Catalog, new ResponseJudges([], Humans), Humans), TimeProvider.System);
        var experiments = new ExperimentRuns(_hub, new ScriptedExperimentRunner(), Store, TimeProvider.System, NullLogger<ExperimentRuns>.Instance);
        var suggestions = new SuggestionCache(Explore);
        Library = new StudyLibrary(Store, Documents, null!, Path.GetTempPath());
        (Studies, Responses) = (new StudyFeatures(Library), new ResponseLibrary(Runs, Library, Store, Explore));
        Requests = new AnalysisRequests(Studies, new ExploreLinks(experiments, suggestions), Runs, suggestions);
    }

    public MemoryRunStore Store { get; } = new();

    public MemoryDocuments Documents { get; } = new();

    public HumanVerdicts Humans { get; }

    public FakeExploreCatalog Explore { get; } = new();

    public AnalysisCatalog Catalog { get; } = new(
        [new AttackSuccessAnalysis(), new ControlsAnalysis(), new CausalLinksAnalysis(), new DoseResponseAnalysis(), new JudgeAgreementAnalysis()]);

    public ScriptedAnalysisRunner Runner { get; }

    public AnalysisRuns Runs { get; }

    public StudyLibrary Library { get; }

    public StudyFeatures Studies { get; }

    public ResponseLibrary Responses { get; }

    public AnalysisRequests Requests { get; }

    public AnalysisModel Model() => new(Catalog, Requests, Runs);

    public void Dispose() => _hub.Dispose();
}
