using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using RefusalExplorer.Web.Tests.Fakes;
using Xunit;

namespace RefusalExplorer.Web.Tests.Hosting;

/// <summary>Kill −9 in the middle of work, and start again on the same data folder.</summary>
public sealed class KillTests : IDisposable
{
    private static readonly object Prompt = new { messages = new[] { new { role = "user", content = "Hello" } } };

    // Long enough that it cannot have ended when its first token is seen.
    private static readonly object Endless = new { model = "demo", prompt = Prompt, generation = new { maxNewTokens = 4096, ignoreEos = true } };

    private static readonly object Study = new
    {
        name = "killed",
        model = "demo",
        sets = new
        {
            prompts = new { set = "demo:harmful_test", take = 2 },
            harmfulTrain = new { set = "demo:harmful_train", take = 4 },
            harmlessTrain = new { set = "demo:harmless_train", take = 4 },
            harmfulVal = new { set = "demo:harmful_val", take = 2 },
            harmlessVal = new { set = "demo:harmless_val", take = 2 },
        },
        generation = new { maxNewTokens = 8 },
        direction = new { selector = "fixed", hook = "blocks.1.hook_resid_post", positions = new[] { -1 }, filter = false },
        through = "direction",
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("refusal-explorer-kill-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task KilledRuns_AreFoundAgain_SaidToBeInterrupted_AndGoOnWhenAsked()
    {
        string model = Path.Combine(_folder, "tiny"), data = Path.Combine(_folder, "data");
        TinyChatModel.Write(model, positions: 16384);
        string run, study;
        await using (DashboardProcess first = await DashboardProcess.StartAsync(data, model, Ct))
        {
            run = await StartAsync(first.Client, "experiments", Endless);
            using (Stream events = await first.Client.GetStreamAsync($"/api/v1/experiments/{run}/events", Ct))
            using (var reader = new StreamReader(events))
            {
                while (await reader.ReadLineAsync(Ct) is { } line && line != "event: token")
                {
                    // Queued, loaded, first passes.
                }
            }
            // It waits for the engine, which the experiment holds.
            study = await StartAsync(first.Client, "studies", Study);
            await first.KillAsync();
        }

        await using DashboardProcess second = await DashboardProcess.StartAsync(data, model, Ct);
        JsonNode found = await GetAsync(second.Client, $"/api/v1/experiments/{run}");
        Assert.Equal("interrupted", (string)found["run"]!["status"]!);
        Assert.Equal("the program ended before the run did", (string)found["run"]!["reason"]!);
        // All that it needs to run again is there.
        Assert.Equal(4096, (int)found["request"]!["generation"]!["maxNewTokens"]!);
        Assert.Contains(
            (await GetAsync(second.Client, "/api/v1/runs"))["items"]!.AsArray(), r => (string)r!["id"]! == run && (string)r["status"]! == "interrupted");

        JsonNode stopped = (await GetAsync(second.Client, $"/api/v1/studies/{study}"))["study"]!;
        Assert.Equal("stopped", (string)stopped["status"]!);
        using HttpResponseMessage resumed = await second.Client.PostAsync($"/api/v1/studies/{study}/resume", null, Ct);
        Assert.Equal(HttpStatusCode.Accepted, resumed.StatusCode);
        string[] events2 = (await second.Client.GetStringAsync($"/api/v1/studies/{study}/events", Ct)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.True(events2[^1].Contains("\"finished\"", StringComparison.Ordinal), events2[^1]);

        // The same experiment again, as the page's button does it, on an engine that took no harm.
        JsonNode request = found["request"]!.DeepClone();
        request["generation"]!["maxNewTokens"] = 4;
        string again = await StartAsync(second.Client, "experiments", request);
        Assert.Contains("\"finished\"", await second.Client.GetStringAsync($"/api/v1/experiments/{again}/events", Ct), StringComparison.Ordinal);
    }

    private static async Task<string> StartAsync(HttpClient client, string resource, object body)
    {
        using HttpResponseMessage response = await client.PostAsJsonAsync($"/api/v1/{resource}", body, Ct);
        string text = await response.Content.ReadAsStringAsync(Ct);
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, text);
        return (string)JsonNode.Parse(text)!["id"]!;
    }

    private static async Task<JsonNode> GetAsync(HttpClient client, string path) => JsonNode.Parse(await client.GetStringAsync(path, Ct))!;
}
