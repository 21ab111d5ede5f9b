using System.Security.Cryptography;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Explore;

/// <summary>Runs results again without the key-value cache. Nothing of it is stored.</summary>
public sealed class CacheChecks(IExperimentRunner runner, RunHub hub)
{
    /// <summary>Runs a result's request again without the cache, from the same seed, and compares token by token.</summary>
    /// <exception cref="EngineException">Too many runs are under way.</exception>
    public LiveRun<CacheCheck> Start(ExperimentResult result)
    {
        ExperimentRequest request = result.Request with { Generation = result.Request.Generation with { WithoutCache = true } };
        string id = $"{result.RunId}-check-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3))}";
        return hub.Start<CacheCheck, CacheCheck>(id, "check", "Verify without cache", new CacheCheck(0, null), (_, x) => x, async (events, ct) =>
        {
            ExperimentResult again = await runner.RunAsync(request, id, new Counter(events), ct).ConfigureAwait(false);
            if (!again.Cancelled)
                events.Report(CacheCheck.Compare(result, again));
        });
    }

    private sealed class Counter(IProgress<CacheCheck> events) : IProgress<ExperimentEvent>
    {
        private int _tokens;

        public void Report(ExperimentEvent value)
        {
            if (value is ExperimentEvent.Token)
                events.Report(new CacheCheck(++_tokens, null));
        }
    }
}
