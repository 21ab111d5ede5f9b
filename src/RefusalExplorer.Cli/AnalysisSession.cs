using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Datasets;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Cli;

/// <summary>Analyses of one invocation, on the dashboard's list unless the dashboard runs and holds the store.</summary>
internal sealed class AnalysisSession(CommandContext context)
{
    private readonly Lazy<AnalysisRunner> _runner = new(() => Open(context));

    /// <summary>Runs one with its progress on the log.</summary>
    public Task<AnalysisResult> RunAsync(string id, AnalysisRequest request, CancellationToken cancellation) =>
        _runner.Value.RunAsync(id, request, Guid.CreateVersion7().ToString("N"), new LogProgress(context), cancellation);

    private static AnalysisRunner Open(CommandContext context)
    {
        CliSession session = context.Session;
        try
        {
            return session.Get<AnalysisRunner>();
        }
        catch (StoreException e)
        {
            context.Log($"the run will not be on the dashboard's list, and people's verdicts are not read: {e.Message}");
            UnlistedRuns runs = new();
            return new AnalysisRunner(
                session.Get<EngineHost>(), session.Get<ModelCatalog>(), session.Get<AnalysisCatalog>(), new DefaultDirections(runs), session.Get<IDirectionSource>(),
                new ResponseJudges(session.Get<IEnumerable<IExchangeJudge>>(), new HumanVerdicts()), session.Get<IDatasetReader>(), runs);
        }
    }

    /// <summary>A line on the log when the phase changes, and every tenth of it.</summary>
    private sealed class LogProgress(CommandContext context) : IProgress<AnalysisProgress>
    {
        private (string Phase, int Tenth) _last = ("", -1);

        public void Report(AnalysisProgress value)
        {
            (string, int) now = (value.Phase, (int)(10 * (value.Fraction ?? 0)));
            if (now == _last)
                return;
            _last = now;
            context.Log(value.Total > 0 ? $"{value.Phase}: {value.Done} of {value.Total}" : value.Phase);
        }
    }
}
