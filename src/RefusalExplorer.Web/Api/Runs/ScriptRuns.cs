using RefusalExplorer.Data.Composition;
using RefusalExplorer.Engine;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Api.Runs;

/// <summary>Counts the runs that scripts started, so that the pages always have room for theirs.</summary>
internal sealed class ScriptRuns(AppSettings settings)
{
    private readonly Lock _gate = new();
    private int _running;

    /// <summary>Starts a run if there is room.</summary>
    /// <exception cref="EngineBusyException">There is none.</exception>
    public async Task<TRun> StartAsync<TRun>(Func<Task<TRun>> start)
        where TRun : LiveRun
    {
        int most = settings.Api.RunsAtOnce;
        lock (_gate)
        {
            if (_running >= most)
                throw new EngineBusyException($"{most} runs of scripts are under way already; start the next when one has ended");
            _running++;
        }
        try
        {
            TRun run = await start();
            _ = run.Completion.ContinueWith(_ => Leave(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return run;
        }
        catch
        {
            Leave();
            throw;
        }
    }

    private void Leave()
    {
        lock (_gate)
            _running--;
    }
}
