using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Ports;
using Xunit;

namespace RefusalExplorer.Web.Tests.Api;

/// <summary>What clients see when memory or disk run out, and that the service goes on.</summary>
public sealed class FaultTests
{
    private static readonly object Experiment = new { model = "tiny", prompt = new { text = "Hello" } };

    [Fact]
    public async Task EngineOutOfMemory_IsAnErrorOfTheRun_AndTheEngineLivesOn()
    {
        await using ApiServer api = await ApiServer.StartAsync(configure: services => services.AddSingleton<IExperimentRunner, HungryRunner>());
        ApiAnswer started = await api.PostAsync("/api/v1/experiments", Experiment);
        var events = await api.EventsAsync((string)started["events"]!);
        Assert.Equal("failed", (string)events[^1].Data["status"]!);
        Assert.StartsWith("experiment: out of memory", (string)events[^1].Data["reason"]!, StringComparison.Ordinal);
        Assert.Equal("failed", (string)(await api.GetAsync((string)started["self"]!))["run"]!["status"]!);

        ApiAnswer next = await api.PostAsync("/v1/completions", new { model = "tiny", prompt = "Hello", max_tokens = 2 });
        Assert.True(next.Status == 200, next.Text);
    }

    [Fact]
    public async Task StoreFull_RefusesTheExperiment_StartsNothing_AndTakesTheNextWhenThereIsRoom()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        api.Server.Runs.OnSave = _ => throw new StoreException("/data: the disk is full");
        Assert.Contains("the disk is full", (await api.PostAsync("/api/v1/experiments", Experiment)).Problem(507, "store"), StringComparison.Ordinal);
        Assert.Empty(api.Server.Experiments.Runs);
        // What needs no store is served all the same.
        Assert.Equal(200, (await api.PostAsync("/v1/completions", new { model = "tiny", prompt = "Hello", max_tokens = 2 })).Status);
        api.Server.Runs.OnSave = null;
        Assert.Equal(202, (await api.PostAsync("/api/v1/experiments", Experiment)).Status);
    }

    [Fact]
    public async Task StoreFullAtAStudysEnd_HoldsUpNeitherItNorTheNextOne()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        bool full = true;
        api.Server.Runs.OnSave = run =>
        {
            if (full && run.Status is RunStatus.Finished or RunStatus.Failed)
                throw new StoreException("/data: the disk is full");
        };
        (string first, string last) = await StudyAsync(api, "first");
        Assert.Contains("\"finished\"", last, StringComparison.Ordinal);
        Assert.Equal("finished", (string)(await api.GetAsync($"/api/v1/studies/{first}"))["study"]!["status"]!);
        Assert.Single((await api.GetAsync("/api/v1/studies")).Json!.AsArray());
        full = false;
        (_, last) = await StudyAsync(api, "second");
        Assert.Contains("\"finished\"", last, StringComparison.Ordinal);
        // Again with room: now it is kept.
        await StudyAsync(api, "first");
        Assert.True(api.Server.Runs.TryGet(first, out StoredRun? stored));
        Assert.Equal(RunStatus.Finished, stored.Header.Status);
    }

    private static async Task<(string Id, string LastEvent)> StudyAsync(ApiServer api, string name)
    {
        ApiAnswer started = await api.PostAsync("/api/v1/studies", new
        {
            name,
            model = "tiny",
            sets = new
            {
                prompts = new { set = "demo:harmful_test", take = 1 },
                harmfulTrain = new { set = "demo:harmful_train", take = 2 },
                harmlessTrain = new { set = "demo:harmless_train", take = 2 },
                harmfulVal = new { set = "demo:harmful_val", take = 1 },
                harmlessVal = new { set = "demo:harmless_val", take = 1 },
            },
            generation = new { maxNewTokens = 4 },
            direction = new { selector = "fixed", hook = "blocks.1.hook_resid_post", positions = new[] { -1 }, filter = false },
            through = "direction",
        });
        Assert.True(started.Status == 202, started.Text);
        var events = await api.EventsAsync((string)started["events"]!);
        return ((string)started["id"]!, events[^1].Data.ToJsonString());
    }

    /// <summary>A runner whose work does not fit on the device.</summary>
    private sealed class HungryRunner(EngineHost engine) : IExperimentRunner
    {
        public Task<ExperimentResult> RunAsync(
            ExperimentRequest request, string runId, IProgress<ExperimentEvent> events, CancellationToken cancellation = default) =>
            engine.RunAsync<ExperimentResult>("experiment", (_, _) => throw new InsufficientMemoryException("no room"), cancellation: cancellation);
    }
}
