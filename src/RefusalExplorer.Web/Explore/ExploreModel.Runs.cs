using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Explore;

/// <content>Starting, watching and restoring runs.</content>
public sealed partial class ExploreModel
{
    /// <summary>Runs what the page shows; the run's id, or null where it cannot run.</summary>
    public async Task<string?> RunAsync()
    {
        if (Running)
            return null;
        RunError = null;
        try
        {
            if (Choice?.Missing is { } missing)
                throw new EngineException(missing);
            ExperimentRequest request = ExploreRequests.Build(State, PromptSets, Suggested, _facts);
            Watch(await runs.StartAsync(request, Title(request), ExploreUrl.Write(State with { Selected = null })));
            return RunId;
        }
        catch (EngineException e)
        {
            RunError = e.Message;
            Raise();
            return null;
        }
    }

    /// <summary>Shows a run: the one under way, or what the store has of it. Its state becomes the page's.</summary>
    public void OpenRun(string id)
    {
        RunError = null;
        if (runs.Live(id) is { } live)
        {
            Watch(live);
        }
        else
        {
            try
            {
                (Header, _stored) = runs.Load(id);
            }
            catch (EngineException e)
            {
                RunError = e.Message;
                Open(State);
                return;
            }
            Watch(null);
            RunId = id;
            // What somebody stopped is no error; the status says it.
            RunError = Header.Status is RunStatus.Failed or RunStatus.Interrupted && Header.Reason != ExperimentRuns.StoppedEarly ? Header.Reason : null;
        }
        Open(ExploreUrl.Read(View!.Page, out _) with { Selected = State.Selected });
    }

    /// <summary>Stops the run.</summary>
    public void Stop() => Live?.Cancel();

    /// <summary>Checks the run that is shown without the cache.</summary>
    public void VerifyWithoutCache()
    {
        if (View?.Result is not { } result || Check is { Status: LiveStatus.Running })
            return;
        try
        {
            WatchCheck(checks.Start(result));
        }
        catch (EngineException e)
        {
            RunError = e.Message;
        }
        Raise();
    }

    /// <summary>Call when the run may have changed: takes over how it ended.</summary>
    public void Refresh()
    {
        if (Live is { Status: LiveStatus.Failed, Error: { } error })
            RunError = error;
    }

    private void Watch(LiveRun<ExperimentState>? live)
    {
        if (Live is not null)
            Live.Changed -= Raise;
        Live = live;
        SelectedToken = null;
        WatchCheck(null);
        if (live is null)
            return;
        (RunId, Header) = (live.Id, null);
        live.Changed += Raise;
        Raise();
    }

    private void WatchCheck(LiveRun<CacheCheck>? check)
    {
        if (Check is not null)
            Check.Changed -= Raise;
        Check = check;
        if (check is not null)
            check.Changed += Raise;
    }

    // Lists of runs show it, so it holds no words of the prompt.
    private string Title(ExperimentRequest request)
    {
        int features = request.Interventions.SelectMany(i => i.Features).Distinct().Count();
        string[] edits =
        [
            .. request.Interventions.Where(i => i.Features.IsEmpty).Select(i => Verb(i.Op)).Distinct(),
            .. features == 0 ? (string[])[] : [$"{features} {(features == 1 ? "feature" : "features")} {string.Join(" and ", request.Interventions.Where(i => !i.Features.IsEmpty).Select(i => Verb(i.Op)).Distinct())}"],
        ];
        string prompt = State.Prompt.Set is { } set
            ? $"{set} {State.Prompt.Item + 1}{(ExploreRequests.Item(State.Prompt, PromptSets).Category is { } c ? $" ({c})" : "")}"
            : "own prompt";
        return $"{(edits.Length == 0 ? "no edit" : string.Join(", ", edits))} · {prompt}";
    }

    private static string Verb(Engine.Interventions.InterventionOp op) => op switch
    {
        Engine.Interventions.InterventionOp.Ablate => "ablated",
        Engine.Interventions.InterventionOp.Clamp => "clamped",
        Engine.Interventions.InterventionOp.Scale => "scaled",
        Engine.Interventions.InterventionOp.Add => "direction added",
        _ => "direction projected out",
    };
}
