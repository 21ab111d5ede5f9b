using System.Text.Json.Nodes;
using Xunit;

namespace RefusalExplorer.Web.Tests.Api;

public sealed class ExperimentsApiTests
{
    private static readonly object Request = new
    {
        model = "tiny",
        prompt = new { messages = new[] { new { role = "user", content = "Hello" } } },
        interventions = new[] { new { op = "ablate", features = new[] { "L0-3" }, scope = "allButFirst" } },
        generation = new { maxNewTokens = 8 },
    };

    [Fact]
    public async Task Experiment_IsStartedWatchedAndRead()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        ApiAnswer started = await api.PostAsync("/api/v1/experiments", Request);
        Assert.Equal(202, started.Status);
        string self = (string)started["self"]!;
        Assert.Equal(self, started.Headers["Location"]);

        var events = await api.EventsAsync((string)started["events"]!);
        Assert.Equal(["Sure", ",", " here"], events.Where(e => e.Name == "token" && (string)e.Data["arm"]! == "intervened").Select(e => (string)e.Data["text"]!));
        Assert.Equal(2, events.Count(e => e.Name == "arm"));
        Assert.Equal("end", events[^1].Name);
        Assert.Equal("finished", (string)events[^1].Data["status"]!);

        ApiAnswer read = await api.GetAsync(self);
        Assert.Equal("finished", (string)read["run"]!["status"]!);
        Assert.Equal("Sure, here", (string)read["result"]!["arms"]![1]!["text"]!);
        Assert.Equal("L0-3", (string)read["request"]!["interventions"]![0]!["features"]![0]!);

        ApiAnswer list = await api.GetAsync("/api/v1/experiments");
        Assert.Equal(1, (int)list["total"]!);
        Assert.DoesNotContain("Hello", list.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reconnect_GoesOnAfterTheLastEvent()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        ApiAnswer started = await api.PostAsync("/api/v1/experiments", Request);
        string path = (string)started["events"]!;
        // To its end: while it runs, an arm's event tells of its first pass alone.
        await api.EventsAsync(path);
        var all = await api.EventsAsync(path);
        var answers = all.Where(e => e.Id.Length > 0).ToList();
        for (int i = 0; i < answers.Count; i++)
        {
            var rest = await api.EventsAsync(path, answers[i].Id);
            Assert.Equal(answers.Skip(i + 1).Select(e => e.Data.ToJsonString()).Order(), rest.Where(e => e.Id.Length > 0).Select(e => e.Data.ToJsonString()).Order());
        }
    }

    [Fact]
    public async Task Cancel_StopsIt_AndKeepsWhatWasGenerated()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        api.Server.Experiments.Gate = (word, ct) => word < 2 ? Task.CompletedTask : Task.Delay(Timeout.Infinite, ct);
        ApiAnswer started = await api.PostAsync("/api/v1/experiments", Request);
        ApiAnswer cancel = await api.PostAsync((string)started["cancel"]!, new { });
        Assert.Equal(202, cancel.Status);
        var events = await api.EventsAsync((string)started["events"]!);
        Assert.Equal("cancelled", (string)events[^1].Data["status"]!);
        Assert.Contains("has ended", (await api.PostAsync((string)started["cancel"]!, new { })).Problem(409, "conflict"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SameKey_StartsOneRun_EvenAfterARestart()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        ApiAnswer first = await api.PostAsync("/api/v1/experiments", Request, ("Idempotency-Key", "abc"));
        ApiAnswer again = await api.PostAsync("/api/v1/experiments", Request, ("Idempotency-Key", "abc"));
        Assert.Equal((string)first["id"]!, (string)again["id"]!);
        Assert.Equal("true", again.Headers["Idempotency-Replayed"]);
        Assert.Equal(first.Headers["Location"], again.Headers["Location"]);
        object other = new { model = "tiny", prompt = new { text = "other" } };
        (await api.PostAsync("/api/v1/experiments", other, ("Idempotency-Key", "abc"))).Problem(422, "key-reused");
        await api.EventsAsync((string)first["events"]!);

        // Another process with the same store knows nothing but the stored runs.
        await using ApiServer later = await ApiServer.StartAsync(configure: services =>
            services.Add(new Microsoft.Extensions.DependencyInjection.ServiceDescriptor(typeof(RefusalExplorer.Pipeline.Ports.IRunStore), api.Server.Runs)));
        ApiAnswer found = await later.PostAsync("/api/v1/experiments", Request, ("Idempotency-Key", "abc"));
        Assert.Equal((string)first["id"]!, (string)found["id"]!);
        Assert.Equal("finished", (string)found["status"]!);
        Assert.Empty(later.Server.Experiments.Runs);
        (await later.PostAsync("/api/v1/experiments", other, ("Idempotency-Key", "abc"))).Problem(422, "key-reused");
    }

    [Fact]
    public async Task TooManyRuns_AreRefusedCleanly_AndRoomComesBack()
    {
        await using ApiServer api = await ApiServer.StartAsync(["Api:RunsAtOnce=2"]);
        var gate = new TaskCompletionSource();
        api.Server.Experiments.Gate = (_, _) => gate.Task;
        ApiAnswer first = await api.PostAsync("/api/v1/experiments", Request);
        await api.PostAsync("/api/v1/experiments", Request);
        ApiAnswer full = await api.PostAsync("/api/v1/experiments", Request);
        Assert.Contains("2 runs", full.Problem(503, "queue-full"), StringComparison.Ordinal);
        Assert.Equal("2", full.Headers["Retry-After"]);
        gate.SetResult();
        await api.EventsAsync((string)first["events"]!);
        ApiAnswer next;
        do
            next = await api.PostAsync("/api/v1/experiments", Request);
        while (next.Status == 503);
        Assert.Equal(202, next.Status);
    }

    [Fact]
    public async Task RateLimit_Answers429_WithRetryAfter()
    {
        await using ApiServer api = await ApiServer.StartAsync(["Api:RequestsPerMinute=20"]);
        ApiAnswer answer;
        int served = 0;
        while ((answer = await api.GetAsync("/api/v1/prompts")).Status == 200)
            Assert.InRange(++served, 1, 100);
        answer.Problem(429, "too-many-requests");
        Assert.True(int.Parse(answer.Headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture) >= 1);
    }

    [Theory]
    [InlineData("/api/v1/nothing", 404, "not-found")]
    [InlineData("/api/v1/experiments/zzz", 404, "not-found")]
    [InlineData("/api/v1/experiments/zzz/events", 404, "not-found")]
    [InlineData("/api/v1/models/zzz", 404, "not-found")]
    [InlineData("/api/v1/prompts/zzz", 404, "not-found")]
    [InlineData("/api/v1/probe", 405, "method-not-allowed")]
    [InlineData("/api/v1/experiments?skip=-1", 400, "bad-request")]
    [InlineData("/api/v1/experiments?take=many", 400, "bad-request")]
    public async Task Errors_AreProblems(string path, int status, string code)
    {
        await using ApiServer api = await ApiServer.StartAsync();
        (await api.GetAsync(path)).Problem(status, code);
    }

    [Fact]
    public async Task NotJson_IsAProblemToo()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/probe") { Content = new StringContent("model=tiny") };
        (await api.SendAsync(request)).Problem(415, "not-json");
    }

    [Fact]
    public async Task Document_DescribesEveryResource_AndItsTypes()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        JsonNode document = (await api.GetAsync("/api/v1/openapi.json")).Json!;
        Assert.StartsWith("3.", (string)document["openapi"]!, StringComparison.Ordinal);
        JsonObject paths = document["paths"]!.AsObject();
        Assert.Contains("/api/v1/experiments/{id}/events", paths.Select(p => p.Key));
        string[] operations = [.. paths.SelectMany(p => p.Value!.AsObject()).Select(o => (string)o.Value!["operationId"]!)];
        Assert.Equal(operations.Length, operations.Distinct().Count());
        Assert.All(paths.SelectMany(p => p.Value!.AsObject()), o => Assert.False(string.IsNullOrWhiteSpace((string?)o.Value!["summary"])));
        JsonObject schemas = document["components"]!["schemas"]!.AsObject();
        Assert.Contains("ProbeRequest", schemas.Select(s => s.Key));
        Assert.Equal(@"^L\d+-\d+$", (string)schemas["FeatureId"]!["pattern"]!);
        Assert.Contains("Idempotency-Key", document["paths"]!["/api/v1/probe"]!["post"]!["parameters"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("/v1/chat", paths.Select(p => p.Key).Where(p => !p.StartsWith("/api/v1", StringComparison.Ordinal)));
    }
}
