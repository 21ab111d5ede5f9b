using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using RefusalExplorer.Engine.Checkpoints;
using Xunit;

namespace RefusalExplorer.Cli.Tests;

/// <summary>The record of a probe is all that reproduces it.</summary>
public sealed class ProbeRecordTests
{
    private static readonly string Model = CommandLine.Golden("models", "llama31");

    [Fact]
    public async Task Record_HoldsTheRequestWithItsDefaultsAndWhatItsFilesWere()
    {
        using var cli = new CommandLine();
        float[] vector = [.. Enumerable.Range(0, ModelDim()).Select(i => i / 10f)];
        string direction = Path.Combine(cli.Folder, "direction.safetensors"), sae = Sae(1);
        SafetensorsFile.Write(direction, [new TensorData("direction", vector, [vector.Length])]);
        string file = cli.File("request.json", new JsonObject
        {
            ["model"] = Model,
            ["tokenIds"] = new JsonArray(1, 2, 3),
            ["saes"] = new JsonObject { ["1"] = sae },
            ["direction"] = direction,
            ["interventions"] = new JsonArray(
                new JsonObject { ["op"] = "projectOut" },
                new JsonObject { ["op"] = "clamp", ["features"] = new JsonArray("L1-3"), ["value"] = 4, ["scope"] = "bos" }),
            ["generate"] = new JsonObject { ["maxNewTokens"] = 3, ["temperature"] = 0.7, ["seed"] = 11 },
        }.ToJsonString());

        Assert.Equal(0, await cli.RunAsync("probe", file, "--json"));

        JsonNode answer = cli.Json, record = answer["record"]!, request = record["request"]!;
        Assert.Equal("bos", request["interventions"]![1]!["scope"]!.GetValue<string>());
        Assert.Equal("all", request["interventions"]![0]!["scope"]!.GetValue<string>());
        Assert.Equal((11, 0.7), (request["generate"]!["seed"]!.GetValue<int>(), request["generate"]!["temperature"]!.GetValue<double>()));
        Assert.Equal(10, request["topLogits"]!.GetValue<int>());
        Assert.Equal(Model, record["modelPath"]!.GetValue<string>());
        Assert.Equal(sae, record["saePaths"]!["1"]!.GetValue<string>());
        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData([.. vector.SelectMany(BitConverter.GetBytes)])), record["directionSha256"]!.GetValue<string>());

        string again = cli.File("again.json", request.ToJsonString());
        Assert.Equal(0, await cli.RunAsync("probe", again, "--json"));
        foreach (string field in new[] { "tokens", "baseline", "intervened", "effects", "kl" })
            Assert.Equal(answer[field]!.ToJsonString(), cli.Json[field]!.ToJsonString());
    }

    [Fact]
    public async Task Record_FeaturesCapturedWithoutAnEdit_NamesTheSaesThatEncoded()
    {
        using var cli = new CommandLine();
        string file = cli.File("request.json", new JsonObject
        {
            ["model"] = Model,
            ["tokenIds"] = new JsonArray(1, 2, 3),
            ["saes"] = new JsonObject { ["1"] = Sae(1), ["2"] = Sae(2) },
            ["capture"] = new JsonArray("features"),
        }.ToJsonString());

        Assert.Equal(0, await cli.RunAsync("probe", file, "--json"));

        Assert.Equal(["1", "2"], cli.Json["record"]!["saeFingerprints"]!.AsObject().Select(s => s.Key));
        Assert.Equal(["1", "2"], cli.Json["record"]!["saePaths"]!.AsObject().Select(s => s.Key));
    }

    private static string Sae(int layer) => CommandLine.Golden("saes", "gemmascope", "llama31", $"layer_{layer}", "width_256", "average_l0_10", "params.npz");

    private static int ModelDim()
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(Model, "config.json")));
        return config.RootElement.GetProperty("hidden_size").GetInt32();
    }
}
