using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Pipeline.Probing;
using Xunit;

namespace RefusalExplorer.Web.Tests.Api;

public sealed class ProbeApiTests
{
    private static readonly object Ablation = new
    {
        model = "tiny",
        prompt = "Hello there",
        chat = true,
        interventions = new[] { new { op = "clamp", features = new[] { "L0-3", "L2-5" }, value = 4.0, scope = "allButFirst" } },
        generate = new { maxNewTokens = 6 },
    };

    [Fact]
    public async Task Probe_AnswersWhatTheRunnerAnswers_ToTheLastDigit()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        ApiAnswer answer = await api.PostAsync("/api/v1/probe", Ablation);

        ProbeRunner runner = api.Server.Services.GetRequiredService<ProbeRunner>();
        ProbeRequest request = ProbeJson.Read(JsonSerializer.SerializeToElement(Ablation), "test");
        ProbeAnswer direct = await api.Server.Services.GetRequiredService<EngineHost>().RunAsync(
            "probe", (session, ct) => runner.Run(session, request, ct), cancellation: TestContext.Current.CancellationToken);
        JsonNode expected = JsonSerializer.SerializeToNode(direct, ProbeJson.Options)!;
        Assert.Equal(200, answer.Status);
        foreach (string field in new[] { "tokens", "baseline", "intervened", "effects", "kl" })
            Assert.Equal(expected[field]!.ToJsonString(), answer[field]!.ToJsonString());
        Assert.True((int)answer["effects"]![0]!["tokensTouched"]! > 0);
        Assert.NotEqual(answer["baseline"]!["generatedIds"]!.ToJsonString(), answer["intervened"]!["generatedIds"]!.ToJsonString());
    }

    [Fact]
    public async Task Array_AnswersInOrder_AndOneBadRequestFailsAlone()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        ApiAnswer answer = await api.PostAsync("/api/v1/probe", new object[]
        {
            new { model = "tiny", prompt = "a" }, new { model = "tiny", prompt = "b", interventions = new[] { new { op = "vaporise" } } }, new { model = "tiny", prompt = "c" },
        });
        JsonArray all = answer.Json!.AsArray();
        Assert.Equal(3, all.Count);
        Assert.Contains("interventions[0]: op 'vaporise'", (string)all[1]!["error"]!, StringComparison.Ordinal);
        Assert.Equal("c", (string)all[2]!["tokens"]!.AsArray()[^1]!["text"]!);
    }

    [Fact]
    public async Task Tensors_ComeAsASafetensorsFile()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        using var content = new StringContent("""{ "model": "tiny", "prompt": "ab", "capture": ["residual"] }""", System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await api.Client.PostAsync("/api/v1/probe/tensors", content, TestContext.Current.CancellationToken);
        byte[] file = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        int header = (int)BitConverter.ToInt64(file);
        JsonNode names = JsonNode.Parse(file.AsSpan(8, header))!;
        Assert.Equal("[2,8]", names["intervened.residual.3"]!["shape"]!.ToJsonString());

        ApiAnswer nothing = await api.PostAsync("/api/v1/probe/tensors", new { model = "tiny", prompt = "ab" });
        Assert.Contains("nothing was captured", nothing.Problem(400, "bad-request"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "model": "tiny", "prompt": "x", "intervention": [] }""", "intervention")]
    [InlineData("""{ "model": "tiny" }""", "expected exactly one of \"prompt\"")]
    [InlineData("""{ "model": "nobody", "prompt": "x" }""", "model 'nobody'")]
    [InlineData("""{ "model": "tiny", "prompt": "x", "interventions": [{ "op": "ablate", "features": ["L9-1"] }] }""", "L9")]
    [InlineData("""{ "model": "tiny", "prompt": "x", "generate": { "maxNewTokens": 100000 } }""", "at most 4096")]
    [InlineData("""{ "model": "tiny", "prompt": """, "the body")]
    [InlineData("[[[[", "the body")]
    public async Task BadRequest_IsOneLineThatSaysWhere(string body, string expected)
    {
        await using ApiServer api = await ApiServer.StartAsync();
        ApiAnswer answer = await api.PostAsync("/api/v1/probe", body);
        Assert.Contains(expected, answer.Problem(400, "bad-request"), StringComparison.Ordinal);
        Assert.DoesNotContain("RefusalExplorer.", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeepOrLargeBodies_AreRefused_AndTheServerLivesOn()
    {
        await using ApiServer api = await ApiServer.StartAsync(["Api:MaxRequestBytes=65536"]);
        string deep = $$"""{ "model": "tiny", "prompt": "x", "interventions": {{new string('[', 20000)}}{{new string(']', 20000)}} }""";
        Assert.Contains("depth", (await api.PostAsync("/api/v1/probe", deep)).Problem(400, "bad-request"), StringComparison.Ordinal);
        Assert.Contains("too large", (await api.PostAsync("/api/v1/probe", $$"""{ "model": "tiny", "prompt": "{{new string('x', 100_000)}}" }""")).Problem(413, "too-large"), StringComparison.Ordinal);
        Assert.Equal(200, (await api.PostAsync("/api/v1/probe", Ablation)).Status);
    }

    [Fact]
    public async Task WhereOthersAreServed_RequestsNameNoFiles()
    {
        await using ApiServer api = await ApiServer.StartAsync(["Api:AllowPaths=false"]);
        Assert.Contains("expected one of", (await api.PostAsync("/api/v1/probe", new { model = "/etc", prompt = "x" })).Problem(400, "bad-request"), StringComparison.Ordinal);
        (await api.PostAsync("/api/v1/probe", new { model = "tiny", prompt = "x", saes = new Dictionary<string, string> { ["1"] = "/etc/passwd" } })).Problem(403, "paths-refused");
        Assert.Contains("no stored direction", (await api.PostAsync("/api/v1/probe", new { model = "tiny", prompt = "x", direction = "/etc/passwd" })).Problem(400, "bad-request"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokenize_GivesIdsAndPieces_OfTextsAndConversations()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        ApiAnswer text = await api.PostAsync("/api/v1/tokenize", new { model = "tiny", text = "hé" });
        Assert.Equal("[104,195,169]", text["ids"]!.ToJsonString());
        ApiAnswer chat = await api.PostAsync("/api/v1/tokenize", new { model = "tiny", messages = new[] { new { role = "user", content = "x" } } });
        Assert.Equal(256, (int)chat["ids"]![0]!);
        Assert.Contains("expected one of", (await api.PostAsync("/api/v1/tokenize", new { model = "tiny" })).Problem(400, "bad-request"), StringComparison.Ordinal);
    }
}
