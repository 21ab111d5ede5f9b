using System.Globalization;
using System.Text.Json.Nodes;
using RefusalExplorer.Engine.Checkpoints;
using Xunit;

namespace RefusalExplorer.Cli.Tests;

/// <summary>What scripts get from <c>probe</c> equals the reference values.</summary>
public sealed class ProbeGoldenTests
{
    private const double LeastGreedyMargin = 1e-3;

    [Theory]
    [InlineData("gemma2")]
    [InlineData("gemma2-hub")]
    [InlineData("llama31")]
    [InlineData("llama31-hub")]
    [InlineData("llama31-sharded")]
    [InlineData("smol")]
    public async Task Probe_ArrayOfPlainPrompts_GivesTheReferenceLogitsResidualsAndIds(string model)
    {
        using var cli = new CommandLine();
        string family = model.Split('-')[0];
        JsonArray cases = Json("cases", family + ".json")["cases"]!.AsArray();
        string request = cli.File("request.json", new JsonArray([.. cases.Select(c => new JsonObject
        {
            ["model"] = CommandLine.Golden("models", model),
            ["tokenIds"] = c!["ids"]!.DeepClone(),
            ["capture"] = new JsonArray("logits", "residual"),
            ["generate"] = new JsonObject { ["maxNewTokens"] = 16, ["ignoreEos"] = true },
        })]).ToJsonString());
        string tensors = Path.Combine(cli.Folder, "out.safetensors");

        Assert.Equal(0, await cli.RunAsync("probe", request, "--tensors", tensors, "--json"));

        using SafetensorsFile expected = SafetensorsFile.Open(CommandLine.Golden("cases", family + ".safetensors"));
        using SafetensorsFile actual = SafetensorsFile.Open(tensors);
        for (int i = 0; i < cases.Count; i++)
        {
            Close(expected, $"case{i}.logits", actual, $"{i}.baseline.logits", 1e-4);
            for (int l = 0; l <= 4; l++)
                Close(expected, $"case{i}.residual.{l}", actual, $"{i}.baseline.residual.{l}", 1e-3);
            Assert.Equal(actual.ReadFloats($"{i}.baseline.logits"), actual.ReadFloats($"{i}.intervened.logits"));
            if (cases[i]!["greedyMinMargin"]!.GetValue<double>() > LeastGreedyMargin)
                Assert.Equal(cases[i]!["greedy"]!.ToJsonString(), cli.Json[i]!["baseline"]!["generatedIds"]!.ToJsonString());
        }
    }

    [Theory]
    [InlineData("gemma2")]
    [InlineData("llama31")]
    public async Task Probe_EachIntervention_GivesTheReferenceLogitsAndIds(string model)
    {
        using var cli = new CommandLine();
        JsonNode file = Json("interventions", model + ".json");
        JsonArray cases = file["cases"]!.AsArray();
        using SafetensorsFile expected = SafetensorsFile.Open(CommandLine.Golden("interventions", model + ".safetensors"));
        foreach (string name in new[] { "direction.add", "direction.unit" })
            SafetensorsFile.Write(Path.Combine(cli.Folder, name), [new TensorData("direction", expected.ReadFloats(name), expected.Shape(name))]);
        string request = cli.File("request.json", new JsonArray([.. cases.Select(c => Request(cli, model, c!))]).ToJsonString());
        string tensors = Path.Combine(cli.Folder, "out.safetensors");

        Assert.Equal(0, await cli.RunAsync("probe", request, "--tensors", tensors, "--json"));

        using SafetensorsFile actual = SafetensorsFile.Open(tensors);
        for (int i = 0; i < cases.Count; i++)
        {
            string name = cases[i]!["name"]!.GetValue<string>();
            Close(expected, $"{name}.logits", actual, $"{i}.intervened.logits", file["toleranceAbs"]!.GetValue<double>());
            Close(expected, $"{name}.residual.4", actual, $"{i}.intervened.residual.4", 2e-3);
            if (cases[i]!["greedyMinMargin"]!.GetValue<double>() > LeastGreedyMargin)
                Assert.Equal(cases[i]!["greedy"]!.ToJsonString(), cli.Json[i]!["intervened"]!["generatedIds"]!.ToJsonString());
        }
    }

    private static JsonObject Request(CommandLine cli, string model, JsonNode c)
    {
        JsonNode edit = c["edit"]!;
        string op = edit["op"]!.GetValue<string>();
        var intervention = new JsonObject { ["op"] = op };
        if (op == "add")
            (intervention["coefficient"], intervention["layer"]) = (edit["coefficient"]!.DeepClone(), edit["layer"]!.DeepClone());
        else if (op == "projectOut")
            intervention["layers"] = "all";
        else
        {
            intervention["features"] = new JsonArray([.. edit["features"]!.AsObject()
                .SelectMany(l => l.Value!.AsArray().Select(f => (JsonNode)$"L{l.Key}-{f}"))]);
            if (edit["value"] is { } value)
                intervention["value"] = value.DeepClone();
            bool positions = edit["scope"] is JsonArray;
            intervention["scope"] = positions ? "positions" : edit["scope"]!.DeepClone();
            if (positions)
                intervention["positions"] = edit["scope"]!.DeepClone();
        }
        var request = new JsonObject
        {
            ["model"] = CommandLine.Golden("models", model),
            ["tokenIds"] = c["ids"]!.DeepClone(),
            ["saes"] = new JsonObject(Enumerable.Range(0, 4).Select(l => KeyValuePair.Create(
                l.ToString(CultureInfo.InvariantCulture),
                (JsonNode?)CommandLine.Golden("saes", "gemmascope", model, $"layer_{l}", "width_256", "average_l0_10", "params.npz")))),
            ["interventions"] = new JsonArray(intervention),
            ["capture"] = new JsonArray("logits", "residual"),
            ["generate"] = new JsonObject { ["maxNewTokens"] = 16, ["ignoreEos"] = true },
        };
        if (op is "add" or "projectOut")
            request["direction"] = Path.Combine(cli.Folder, op == "add" ? "direction.add" : "direction.unit");
        return request;
    }

    private static JsonNode Json(params string[] parts) => JsonNode.Parse(File.ReadAllText(CommandLine.Golden(parts)))!;

    private static void Close(SafetensorsFile expected, string expectedName, SafetensorsFile actual, string actualName, double tolerance)
    {
        Assert.Equal(expected.Shape(expectedName), actual.Shape(actualName));
        (float[] e, float[] a) = (expected.ReadFloats(expectedName), actual.ReadFloats(actualName));
        double worst = e.Zip(a, (x, y) => Math.Abs((double)x - y)).Max();
        Assert.True(worst <= tolerance, $"{actualName}: off by {worst}, tolerance {tolerance}");
    }
}
