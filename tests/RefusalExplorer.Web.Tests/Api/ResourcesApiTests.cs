using System.Text.Json.Nodes;
using Xunit;

namespace RefusalExplorer.Web.Tests.Api;

public sealed class ResourcesApiTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Models_SayWhatTheyHave_AndWhatTheyLack()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        JsonArray models = (await api.GetAsync("/api/v1/models")).Json!.AsArray();
        JsonNode tiny = models.Single(m => (string)m!["name"]! == "tiny")!;
        Assert.Equal("[0,2]", tiny["saeLayers"]!.ToJsonString());
        Assert.Equal(3, (int)tiny["layerCount"]!);
        Assert.Contains("pull", (string)models.Single(m => (string)m!["name"]! == "gemma-2-2b-it")!["missing"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prompts_ComeBySetAndPage()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        JsonArray sets = (await api.GetAsync("/api/v1/prompts")).Json!.AsArray();
        Assert.Contains(sets, s => (string)s!["name"]! == "harmless_test" && !(bool)s["harmful"]!);
        ApiAnswer page = await api.GetAsync("/api/v1/prompts/harmless_test?skip=2&take=3");
        Assert.Equal(3, page["items"]!.AsArray().Count);
    }

    [Fact]
    public async Task Features_AreSuggestedAndDescribed_AndDashboardsMade()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        string corpus = Path.Combine(Path.GetTempPath(), $"refusal-explorer-corpus-{Guid.NewGuid():N}.jsonl");
        await File.WriteAllLinesAsync(corpus, Enumerable.Range(0, 12).Select(i => $$"""{ "text": "text number {{i}}" }"""), Ct);
        try
        {
            JsonArray suggested = (await api.GetAsync("/api/v1/models/tiny/features?top=2&layer=2")).Json!.AsArray();
            Assert.Equal(2, suggested.Count);
            Assert.True((double)suggested[0]!["cosine"]! >= (double)suggested[1]!["cosine"]!);
            string feature = (string)suggested[0]!["feature"]!;
            Assert.Null((await api.GetAsync($"/api/v1/models/tiny/features/{feature}"))["dashboard"]);

            ApiAnswer started = await api.PostAsync("/api/v1/dashboard-runs", new { model = "tiny", corpus, layers = new[] { 2 } });
            Assert.Equal(202, started.Status);
            var events = await api.EventsAsync((string)started["events"]!);
            Assert.Equal("finished", (string)events[^1].Data["status"]!);
            Assert.Contains(events, e => e.Name == "progress");
            Assert.Equal(12, (int)(await api.GetAsync((string)started["self"]!))["report"]!["texts"]!);

            ApiAnswer described = await api.GetAsync($"/api/v1/models/tiny/features/{feature}");
            Assert.Equal(feature, (string)described["dashboard"]!["feature"]!);
            Assert.Equal("[2]", (await api.GetAsync("/api/v1/dashboards")).Json!.AsArray().Single(d => (string)d!["model"]! == "tiny")!["layers"]!.ToJsonString());
        }
        finally
        {
            File.Delete(corpus);
        }
    }

    [Fact]
    public async Task Annotations_HaveTheirHistory_AndExportWithoutFormulas()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        object Said(string notes, params string[] labels) => new { model = "tiny", sae = "sae", feature = "L2-5", annotator = "=cmd|' /C calc'!A0", labels, notes };
        Assert.Equal(200, (await api.PostAsync("/api/v1/annotations", new[] { Said("@SUM(A1)", "violence") })).Status);
        await api.PostAsync("/api/v1/annotations", new[] { Said("\"second\", thought", "none") });

        ApiAnswer all = await api.GetAsync("/api/v1/annotations?feature=L2-5");
        Assert.Equal("none", (string)all.Json!.AsArray().Single()!["labels"]![0]!);
        string annotator = Uri.EscapeDataString("=cmd|' /C calc'!A0");
        Assert.Equal(2, (await api.GetAsync($"/api/v1/annotations/history?model=tiny&sae=sae&feature=L2-5&annotator={annotator}")).Json!.AsArray().Count);

        ApiAnswer undone = await api.PostAsync("/api/v1/annotations/undo", new { model = "tiny", sae = "sae", feature = "L2-5", annotator = "=cmd|' /C calc'!A0" });
        Assert.Equal("violence", (string)undone["labels"]![0]!);
        string[] rows = (await api.GetAsync("/api/v1/annotations/csv")).Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(",'=cmd|' /C calc'!A0,violence,'@SUM(A1),", rows[1], StringComparison.Ordinal);

        Assert.Contains("$[0]", (await api.PostAsync("/api/v1/annotations", new[] { new { model = "tiny", sae = "", feature = "L2-5", annotator = "a" } })).Problem(400, "bad-request"), StringComparison.Ordinal);
        (await api.PostAsync("/api/v1/annotations", new[] { new { model = "tiny", sae = "s", feature = "twelve", annotator = "a" } })).Problem(400, "bad-request");
    }

    [Fact]
    public async Task Analysis_IsStartedWatchedAndRead()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        JsonArray catalog = (await api.GetAsync("/api/v1/analyses")).Json!.AsArray();
        Assert.Contains(catalog, a => (string)a!["info"]!["id"]! == "kl");
        object request = new
        {
            model = "tiny",
            features = new[] { "L0-3", "L2-5" },
            harmless = new { items = new[] { new { instruction = "one" }, new { instruction = "two" } } },
        };
        ApiAnswer started = await api.PostAsync("/api/v1/analyses/kl", request, ("Idempotency-Key", "k1"));
        Assert.Equal(202, started.Status);
        var events = await api.EventsAsync((string)started["events"]!);
        Assert.True("finished" == (string)events[^1].Data["status"]!, events[^1].Data.ToJsonString());

        ApiAnswer read = await api.GetAsync((string)started["self"]!);
        Assert.Equal("kl", (string)read["result"]!["analysis"]!);
        Assert.NotEmpty(read["result"]!["output"]!["tables"]!.AsArray());
        Assert.Equal((string)started["id"]!, (string)(await api.PostAsync("/api/v1/analyses/kl", request, ("Idempotency-Key", "k1")))["id"]!);
        Assert.Contains("expected one of", (await api.PostAsync("/api/v1/analyses/none", new { })).Problem(404, "not-found"), StringComparison.Ordinal);
        (await api.PostAsync("/api/v1/analyses/kl", new { settings = new { nonsense = 1 } })).Problem(400, "bad-request");
        (await api.PostAsync((string)started["cancel"]!, new { })).Problem(409, "conflict");
    }

    [Fact]
    public async Task Study_IsCheckedQueuedStoppedAndListed()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        Assert.Contains("$.prune", (await api.PostAsync("/api/v1/studies", new { name = "s", model = "tiny", sets = new { prompts = "demo:harmful_test" }, prune = new { taus = 1 } }))
            .Problem(400, "bad-request"), StringComparison.Ordinal);

        object study = new
        {
            name = "By script",
            model = "tiny",
            through = "direction",
            sets = new { prompts = new { set = "demo:harmful_test", take = 2 }, harmfulTrain = new { set = "demo:harmful_train", take = 8 }, harmlessTrain = new { set = "demo:harmless_train", take = 8 } },
            direction = new { trainCount = 4, validationCount = 4 },
            generation = new { maxNewTokens = 2 },
        };
        ApiAnswer started = await api.PostAsync("/api/v1/studies", study);
        Assert.True(started.Status == 202, started.Text);
        var events = await api.EventsAsync((string)started["events"]!);
        string status = (string)events[^1].Data["status"]!;
        // Random weights refuse nothing, so that a direction may not be found: the study then says why.
        Assert.True(status is "finished" or "failed", status);
        ApiAnswer read = await api.GetAsync((string)started["self"]!);
        Assert.Equal("By script", (string)read["study"]!["name"]!);
        Assert.Single((await api.GetAsync("/api/v1/studies")).Json!.AsArray());
        Assert.Contains("neither runs", (await api.PostAsync((string)started["cancel"]!, new { })).Problem(409, "conflict"), StringComparison.Ordinal);
        Assert.Equal(1, (int)(await api.GetAsync("/api/v1/runs?kind=study"))["total"]!);
    }

    [Fact]
    public async Task Presets_AreKept_Checked_AndDeleted()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        async Task<ApiAnswer> PutAsync(string name, string body)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/presets/{name}") { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
            return await api.SendAsync(request);
        }

        ApiAnswer kept = await PutAsync("mine", """{ "model": "tiny", "interventions": [{ "op": "ablate", "features": ["L2-5"] }] }""");
        Assert.True(kept.Status == 200, kept.Text);
        JsonArray all = (await api.GetAsync("/api/v1/presets")).Json!.AsArray();
        Assert.Equal(["no-direction", "mine"], all.Select(p => (string)p!["name"]!));
        Assert.Contains("op 'melt'", (await PutAsync("bad", """{ "interventions": [{ "op": "melt" }] }""")).Problem(400, "bad-request"), StringComparison.Ordinal);
        (await PutAsync("Not%20Allowed", "{}")).Problem(400, "bad-request");
        (await PutAsync("no-direction", "{}")).Problem(400, "bad-request");
        Assert.Equal(204, (await api.SendAsync(new HttpRequestMessage(HttpMethod.Delete, "/api/v1/presets/mine"))).Status);
        (await api.GetAsync("/api/v1/presets/mine")).Problem(404, "not-found");
    }

    [Fact]
    public async Task Directions_AreListed_AndReadById()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        await api.GetAsync("/api/v1/models/tiny/features?top=1");
        JsonNode direction = (await api.GetAsync("/api/v1/directions?model=tiny")).Json!.AsArray().Single()!;
        Assert.Equal("blocks.1.hook_resid_post", (string)direction["hook"]!);
        ApiAnswer vector = await api.GetAsync($"/api/v1/directions/vector?id={Uri.EscapeDataString((string)direction["id"]!)}");
        Assert.Equal(8, vector["vector"]!.AsArray().Count);
    }
}
