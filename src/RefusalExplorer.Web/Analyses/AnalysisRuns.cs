using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Analyses;

/// <summary>An analysis as the store has it.</summary>
/// <param name="Header">What lists show.</param>
/// <param name="Request">What was asked; written out where it has finished.</param>
/// <param name="Result">What was found; null where it has not finished.</param>
public sealed record StoredAnalysis(RunHeader Header, AnalysisRequest Request, AnalysisResult? Result)
{
    /// <summary>Its id in the catalog.</summary>
    public string Analysis => AnalysisRuns.AnalysisOf(Header);
}

/// <summary>Analyses from their start to the store: whoever started one, anybody finds it by its id, also after a reload.</summary>
public sealed class AnalysisRuns(RunHub hub, AnalysisCatalog catalog, IAnalysisRunner runner, IRunStore store, HumanOverrides humans, TimeProvider time)
{
    private const string Prefix = "analysis/";
    private const int MostHeaders = 1000;

    /// <summary>Starts an analysis.</summary>
    /// <param name="analysis">Its id in the catalog.</param>
    /// <param name="request">What to analyse.</param>
    /// <param name="runId">Its id; null for a new one.</param>
    /// <exception cref="EngineBusyException">Too many runs are under way.</exception>
    /// <exception cref="PipelineException">There is no such analysis, or its settings are wrong.</exception>
    public LiveRun<AnalysisState> Start(string analysis, AnalysisRequest request, string? runId = null)
    {
        IAnalysis found = catalog.Get(analysis);
        found.ReadSettings(request.Settings);
        string id = runId ?? Guid.CreateVersion7().ToString("N");
        return hub.Start<AnalysisState, AnalysisProgress>(
            id, Prefix + analysis, $"{found.Info.Title} · {request.Study ?? request.Model}", new AnalysisState(analysis),
            (state, progress) => state.After(progress, time.GetUtcNow()),
            (progress, cancellation) => runner.RunAsync(analysis, request, id, progress, cancellation));
    }

    /// <summary>The run of that id if this process started it lately.</summary>
    public LiveRun<AnalysisState>? Live(string id) => hub.TryGet(id, out LiveRun<AnalysisState>? run) ? run : null;

    /// <summary>The run of that id with people's verdicts of today, or null: what is shown, exported and reported.</summary>
    /// <exception cref="PipelineException">It is a run of another kind, or this version cannot read it.</exception>
    public StoredAnalysis? Show(string id)
    {
        StoredAnalysis? run = Find(id);
        return run?.Result is { } made ? run with { Result = humans.Of(made) } : run;
    }

    /// <summary>The run of that id as it was made, or null.</summary>
    /// <exception cref="PipelineException">It is a run of another kind, or this version cannot read it.</exception>
    public StoredAnalysis? Find(string id)
    {
        if (!store.TryGet(id, out StoredRun? run))
            return null;
        if (!run.Header.Kind.StartsWith(Prefix, StringComparison.Ordinal))
            throw new PipelineException($"run {id} is a run of kind '{run.Header.Kind}'; expected an analysis");
        if (run.Header.Status != RunStatus.Finished)
            return new StoredAnalysis(run.Header, AnalysisJson.Read<AnalysisRequest>(run.Payload, $"run {id}"), null);
        AnalysisResult result = AnalysisJson.Read<AnalysisResult>(run.Payload, $"run {id}");
        return new StoredAnalysis(run.Header, result.Request, result);
    }

    /// <summary>The newest runs, of one analysis or of all.</summary>
    public ImmutableArray<RunHeader> Recent(int most, string? analysis = null) => analysis is not null
        ? store.List(new RunQuery { Kind = Prefix + analysis, Take = most }).Items
        : [.. store.List(new RunQuery { Take = MostHeaders }).Items.Where(h => h.Kind.StartsWith(Prefix, StringComparison.Ordinal)).Take(most)];

    /// <summary>The analysis of a run.</summary>
    public static string AnalysisOf(RunHeader header) => header.Kind[Prefix.Length..];

    /// <summary>Where a run is shown.</summary>
    public static string LinkOf(RunHeader header) => $"/analyses/{AnalysisOf(header)}/{header.Id}";
}
