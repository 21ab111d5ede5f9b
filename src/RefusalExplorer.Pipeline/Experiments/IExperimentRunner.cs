using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Experiments;

/// <summary>Runs one experiment from its request to its result.</summary>
public interface IExperimentRunner
{
    /// <summary>Runs all arms of an experiment.</summary>
    /// <param name="request">What to run.</param>
    /// <param name="runId">Id that the result carries.</param>
    /// <param name="events">Told of queue, phases, first passes and tokens, in order, from the thread that does the work.</param>
    /// <param name="cancellation">Stops between tokens: the result then holds what was generated so far, with <see cref="ExperimentResult.Cancelled"/>;
    /// before the first pass there is nothing to return, and the call throws <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="EngineException">The request is wrong; the message is one line that says what, where and what to do.</exception>
    Task<ExperimentResult> RunAsync(
        ExperimentRequest request, string runId, IProgress<ExperimentEvent> events, CancellationToken cancellation = default);
}
