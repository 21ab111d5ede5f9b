using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Probing;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Probing;

public sealed class ProbeJsonTests
{
    [Theory]
    [InlineData(""" "capture": "logits" """, "$.capture: expected a list, found \"logits\"")]
    [InlineData(""" "promt": "hi" """, "$.promt: unknown field; expected one of model, device")]
    [InlineData(""" "generate": { "maxTokens": 3 } """, "$.generate.maxTokens: unknown field; expected one of maxNewTokens, temperature")]
    [InlineData(""" "generate": 3 """, "$.generate: expected an object with maxNewTokens")]
    [InlineData(""" "interventions": [ { "features": ["L1-2"] } ] """, "$.interventions[0]: \"op\" is missing")]
    [InlineData(""" "interventions": [ { "op": "clamp", "value": "much" } ] """, "$.interventions[0].value: expected a number, found \"much\"")]
    [InlineData(""" "interventions": [ null ] """, "$.interventions[0]: expected an object with op")]
    [InlineData(""" "messages": [ { "role": "user" } ] """, "$.messages[0]: \"content\" is missing")]
    [InlineData(""" "messages": [ { "role": "user", "content": null } ] """, "$.messages[0]: \"content\" is missing")]
    [InlineData(""" "tokenIds": [1, 2.5] """, "$.tokenIds[1]: expected a whole number, found 2.5")]
    [InlineData(""" "topLogits": 99999999999 """, "$.topLogits: expected a whole number, found 99999999999")]
    [InlineData(""" "chat": "yes" """, "$.chat: expected true or false, found \"yes\"")]
    [InlineData(""" "prompt": 7 """, "$.prompt: expected a text, found 7")]
    [InlineData(""" "saes": ["path"] """, "$.saes: expected an object, found a list")]
    [InlineData(""" "saes": { "first": "path" } """, "$.saes.first: expected a whole number")]
    [InlineData(""" "gatingRule": "best" """, "$.gatingRule: 'best'; expected one of saeLens, saeLens5102, openMoss")]
    [InlineData(""" "gatingRule": 1 """, "$.gatingRule: not a text; expected one of saeLens, saeLens5102, openMoss")]
    public void Read_AWrongField_NamesItAndWhatWasExpected(string field, string says)
    {
        string message = Assert.ThrowsAny<EngineException>(() => Read(field)).Message;

        Assert.StartsWith("r.json: " + says, message, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Read_NoModel_SaysSo()
    {
        using JsonDocument json = JsonDocument.Parse("""{ "prompt": "hi" }""");

        Assert.Equal("r.json: $: \"model\" is missing", Assert.ThrowsAny<EngineException>(() => ProbeJson.Read(json.RootElement, "r.json")).Message);
    }

    [Fact]
    public void Read_NullsOfOptionalFields_AreAsLeftOut()
    {
        ProbeRequest request = Read("""
            "interventions": null, "capture": null, "saes": null, "refusalTokens": null, "tokenIds": null, "messages": null, "topLogits": null, "generate": null,
            "device": null, "prompt": null, "gatingRule": null
            """);

        Assert.Empty(request.Interventions);
        Assert.Empty(request.Capture);
        Assert.Empty(request.Saes);
        Assert.Empty(request.RefusalTokens);
        Assert.Null(request.TokenIds);
        Assert.Equal(10, request.TopLogits);
        Assert.Equal("all", Read(""" "interventions": [ { "op": "ablate", "features": null, "scope": null, "layers": null } ] """).Interventions[0].Scope);
    }

    [Theory]
    [InlineData("saeLens", SaeGatingRule.SaeLens)]
    [InlineData("SAELens", SaeGatingRule.SaeLens)]
    [InlineData("saeLens5102", SaeGatingRule.SaeLens5102)]
    [InlineData("saelens_5_10_2", SaeGatingRule.SaeLens5102)]
    [InlineData("sae-lens-5.10.2", SaeGatingRule.SaeLens5102)]
    [InlineData("openmoss", SaeGatingRule.OpenMoss)]
    [InlineData("open_moss", SaeGatingRule.OpenMoss)]
    public void Read_GatingRule_TakesTheNamesInUse(string name, SaeGatingRule rule)
    {
        Assert.Equal(rule, Read($"\"gatingRule\": \"{name}\"").GatingRule);
        Assert.Equal(rule, AnalysisJson.ReadRequest<AnalysisRequest>($$"""{ "changes": { "gatingRule": "{{name}}" } }""", "a.json").Changes!.GatingRule);
    }

    [Fact]
    public void Write_ReadAgain_IsTheSameRequest()
    {
        ProbeRequest request = Read("""
            "prompt": "hi", "saes": { "3": "p" }, "gatingRule": "saelens_5_10_2", "direction": "d", "capture": ["cosine"],
            "interventions": [ { "op": "projectOut", "layers": "all", "scope": "last:3" }, { "op": "clamp", "features": ["L3-1"], "value": 2, "scope": "positions", "positions": [1] } ],
            "generate": { "seed": 7, "temperature": 0.5 }
            """);

        JsonElement written = JsonSerializer.SerializeToElement(request, ProbeJson.Options);

        Assert.Equal(written.GetRawText(), JsonSerializer.SerializeToElement(ProbeJson.Read(written, "again"), ProbeJson.Options).GetRawText());
        Assert.Equal("saeLens5102", written.GetProperty("gatingRule").GetString());
    }

    [Theory]
    [InlineData("""{ "featuress": [] }""", "a.json: $.featuress: unknown field; expected one of model")]
    [InlineData("""{ "features": "L1-2" }""", "a.json: $.features: expected a list, found \"L1-2\"")]
    [InlineData("""{ "features": ["x"] }""", "a.json: $.features[0]: 'x': expected a feature, for example \"L12-98914\"")]
    [InlineData("""{ "harmful": { "format": "paper" } }""", "a.json: $.harmful.format: \"paper\"; expected one of ")]
    [InlineData("""{ "features": """, "a.json: ")]
    public void ReadRequest_OfAnAnalysis_IsAsStrict(string json, string says)
    {
        string message = Assert.ThrowsAny<EngineException>(() => AnalysisJson.ReadRequest<AnalysisRequest>(json, "a.json")).Message;

        Assert.StartsWith(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", message, StringComparison.Ordinal);
    }

    private static ProbeRequest Read(string fields)
    {
        using JsonDocument json = JsonDocument.Parse($$"""{ "model": "demo", {{fields}} }""");
        return ProbeJson.Read(json.RootElement, "r.json");
    }
}
