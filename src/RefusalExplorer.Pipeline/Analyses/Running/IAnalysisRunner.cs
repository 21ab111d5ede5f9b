using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Pipeline.Analyses.Running;

/// <summary>Runs any analysis from a request to a stored result.</summary>
public interface IAnalysisRunner
{
    /// <summary>Runs it and keeps the result.</summary>
    /// <param name="id">The analysis.</param>
    /// <param name="request">What to analyse.</param>
    /// <param name="runId">Id of the run.</param>
    /// <param name="progress">Told what happens.</param>
    /// <param name="cancellation">Stops it; the run is then stored as interrupted.</param>
    /// <exception cref="EngineException">The request is wrong; one line says where.</exception>
    Task<AnalysisResult> RunAsync(
        string id, AnalysisRequest request, string runId, IProgress<AnalysisProgress> progress, CancellationToken cancellation = default);
}
