using System.Collections.Concurrent;
using System.Collections.Immutable;
using RefusalExplorer.Data.Hub;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Models;

/// <summary>A download as its watchers see it.</summary>
public sealed record PullState
{
    /// <summary>What is fetched, one repository after another.</summary>
    public required ImmutableArray<HubRequest> Requests { get; init; }

    /// <summary>Repositories that are done.</summary>
    public ImmutableArray<HubPull> Done { get; init; } = [];

    /// <summary>Where the present one stands, or null before it has begun.</summary>
    public HubProgress? Progress { get; init; }

    /// <summary>Why it failed, or null.</summary>
    public HubFault? Fault { get; init; }
}

/// <summary>Downloads of models, kept apart from the pages that watch them: one at a time for each model.</summary>
public sealed class PullRuns(RunHub hub, HubDownloader downloader)
{
    private readonly ConcurrentDictionary<string, LiveRun<PullState>> _latest = new(StringComparer.Ordinal);

    /// <summary>The last download of a model in this process, or null.</summary>
    public LiveRun<PullState>? Of(string model) => _latest.GetValueOrDefault(model);

    /// <summary>What a download would fetch; asks the hub, fetches nothing.</summary>
    /// <exception cref="HubException">The hub refuses or cannot be reached, or a layer has no SAE.</exception>
    public async Task<ImmutableArray<HubPlan>> PlanAsync(ConfiguredModel model, IReadOnlySet<int>? layers, CancellationToken cancellation = default)
    {
        var plans = ImmutableArray.CreateBuilder<HubPlan>();
        foreach (HubRequest request in ModelFiles.RequestsOf(model, layers))
            plans.Add(await downloader.PlanAsync(request, cancellation).ConfigureAwait(false));
        return plans.ToImmutable();
    }

    /// <summary>Begins to fetch what is missing; what is under way goes on instead.</summary>
    /// <exception cref="EngineException">A layer has no SAE, or too many runs are under way.</exception>
    public LiveRun<PullState> Start(ConfiguredModel model, IReadOnlySet<int>? layers)
    {
        if (Of(model.Name) is { Status: LiveStatus.Running } running)
            return running;
        var state = new PullState { Requests = ModelFiles.RequestsOf(model, layers) };
        return _latest[model.Name] = hub.Start<PullState, Func<PullState, PullState>>(
            $"pull-{Guid.CreateVersion7():N}", "pull", $"Download of {model.Name}", state, (s, change) => change(s), (events, ct) => RunAsync(state.Requests, events, ct));
    }

    private async Task RunAsync(ImmutableArray<HubRequest> requests, IProgress<Func<PullState, PullState>> events, CancellationToken cancellation)
    {
        try
        {
            foreach (HubRequest request in requests)
            {
                HubPull pull = await downloader.PullAsync(request, new Forward(events), cancellation).ConfigureAwait(false);
                events.Report(s => s with { Done = s.Done.Add(pull), Progress = null });
            }
        }
        catch (HubException e)
        {
            events.Report(s => s with { Fault = e.Fault });
            throw;
        }
    }

    private sealed class Forward(IProgress<Func<PullState, PullState>> events) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => events.Report(s => s with { Progress = value });
    }
}
