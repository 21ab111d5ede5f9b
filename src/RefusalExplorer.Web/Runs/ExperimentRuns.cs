using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Web.Runs;

/// <summary>Experiments from their start to the store, for pages and the HTTP API alike: whoever started one, anybody finds it by its id.</summary>
public sealed class ExperimentRuns(RunHub hub, IExperimentRunner runner, IRunStore store, TimeProvider time, ILogger<ExperimentRuns> logger)
{
    /// <summary>Reason of a run that somebody stopped while it waited or loaded.</summary>
    public const string StoppedEarly = "stopped before its first token";

    /// <summary>Starts an experiment. It is in the store before this returns, so that it is found again even if the process is killed.</summary>
    /// <param name="request">What to run.</param>
    /// <param name="id">Its id; null for a new one.</param>
    /// <param name="cancellation">Gives up before it has started; later, stop the run itself.</param>
    /// <exception cref="EngineBusyException">Too many runs are under way.</exception>
    /// <exception cref="EngineException">The id is taken.</exception>
    /// <exception cref="StoreException">The store cannot take it: nothing was started.</exception>
    public Task<LiveRun<ExperimentState>> StartAsync(ExperimentRequest request, string? id = null, CancellationToken cancellation = default) =>
        StartAsync(request, id, StoredExperiment.TitleOf(request), null, cancellation);

    /// <summary>Starts an experiment of a page.</summary>
    /// <param name="request">What to run.</param>
    /// <param name="title">One line for lists that holds no words of the prompt.</param>
    /// <param name="page">The page's own state as a query, for the run's permalink.</param>
    /// <exception cref="EngineException">As for the other.</exception>
    public Task<LiveRun<ExperimentState>> StartAsync(ExperimentRequest request, string title, string page) =>
        StartAsync(request, null, title, page, CancellationToken.None);

    private async Task<LiveRun<ExperimentState>> StartAsync(
        ExperimentRequest request, string? id, string title, string? page, CancellationToken cancellation)
    {
        var header = new RunHeader
        {
            Id = id ?? Guid.CreateVersion7().ToString("N"),
            Kind = StoredExperiment.Kind,
            Model = request.Model,
            Title = title,
            CreatedAt = time.GetUtcNow(),
            Status = RunStatus.Running,
        };
        hub.EnsureRoom();
        var stored = new StoredExperiment(request, Page: page);
        await store.SaveAsync(header, stored.ToJson(), cancellation).ConfigureAwait(false);
        try
        {
            return hub.Start<ExperimentState, ExperimentEvent>(
                header.Id, header.Kind, header.Title, new ExperimentState(request) { Page = page ?? "" }, (state, e) => state.After(e, time.GetUtcNow()),
                (events, ct) => RunAsync(header, stored, events, ct));
        }
        catch (EngineException)
        {
            await store.DeleteAsync(header.Id, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The run of that id if this process started it lately.</summary>
    public LiveRun<ExperimentState>? Live(string id) => hub.TryGet(id, out LiveRun<ExperimentState>? run) ? run : null;

    /// <summary>The run of that id as the store has it.</summary>
    /// <exception cref="EngineException">There is no such experiment, or this version cannot read it.</exception>
    public (RunHeader Header, ExperimentState State) Load(string id)
    {
        if (!store.TryGet(id, out StoredRun? run))
            throw new EngineException($"run '{id}': there is none of that id here; see the Runs page");
        StoredExperiment stored = StoredExperiment.Read(run);
        var state = new ExperimentState(stored.Request) { Page = stored.Page ?? "" };
        return (run.Header, stored.Result is { } result ? state.Of(result) : state);
    }

    private async Task RunAsync(RunHeader header, StoredExperiment stored, IProgress<ExperimentEvent> events, CancellationToken cancellation)
    {
        try
        {
            ExperimentResult result = await runner.RunAsync(stored.Request, header.Id, events, cancellation).ConfigureAwait(false);
            await SaveAsync(header with { Status = RunStatus.Finished, Reason = result.Cancelled ? "stopped before its end" : null }, stored with { Result = result }).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await SaveAsync(header with { Status = RunStatus.Interrupted, Reason = StoppedEarly }, stored).ConfigureAwait(false);
            throw;
        }
        catch (Exception e)
        {
            await SaveAsync(header with { Status = RunStatus.Failed, Reason = e.Message.Split('\n')[0] }, stored).ConfigureAwait(false);
            throw;
        }
    }

    // The run has ended and its watchers have it: a store that is full must not turn that into a failure.
    private async Task SaveAsync(RunHeader header, StoredExperiment experiment)
    {
        try
        {
            await store.SaveAsync(header, experiment.ToJson(), CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            logger.LogError("Run {Run} could not be stored: {Reason}", header.Id, e.Message);
            if (hub.TryGet(header.Id, out LiveRun<ExperimentState>? run))
                run.Update(state => state with { StoreProblem = e.Message });
        }
    }
}
