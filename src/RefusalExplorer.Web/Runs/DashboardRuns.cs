using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Dashboards;

namespace RefusalExplorer.Web.Runs;

/// <summary>What watchers see of a pass that makes dashboards.</summary>
/// <param name="Request">What was asked.</param>
/// <param name="Progress">Where it stands; null before it has begun.</param>
/// <param name="Report">What it made, once it has ended.</param>
public sealed record DashboardState(DashboardRequest Request, DashboardProgress? Progress = null, DashboardReport? Report = null);

/// <summary>Passes that make dashboards of features. They are no runs of the store: what they make is its own record, and a pass goes on where it was.</summary>
public sealed class DashboardRuns(RunHub hub, DashboardRunner runner)
{
    /// <summary>Kind of such runs.</summary>
    public const string Kind = "dashboards";

    /// <summary>Starts a pass.</summary>
    /// <exception cref="EngineException">Too many runs are under way, or a number of the settings makes no sense.</exception>
    public LiveRun<DashboardState> Start(DashboardRequest request)
    {
        request.Settings.Validate();
        var first = new DashboardState(request);
        return hub.Start<DashboardState, DashboardState>(
            Guid.CreateVersion7().ToString("N"), Kind, $"Dashboards of {request.Model}", first, (_, next) => next,
            async (events, ct) =>
            {
                DashboardReport report = await runner.RunAsync(request, new Watch(first, events), ct).ConfigureAwait(false);
                events.Report(first with { Report = report });
            });
    }

    private sealed class Watch(DashboardState first, IProgress<DashboardState> events) : IProgress<DashboardProgress>
    {
        public void Report(DashboardProgress value) => events.Report(first with { Progress = value });
    }
}
