using System.Text.Json.Nodes;
using RefusalExplorer.Engine.Checkpoints;
using Xunit;

namespace RefusalExplorer.Cli.Tests;

public sealed class CommandLineTests
{
    private const string TinyModel = "llama31";
    private const int ModelDim = 64;

    [Fact]
    public async Task Models_ShowsTheDemoReadyToRun()
    {
        using var cli = new CommandLine();

        Assert.Equal(0, await cli.RunAsync("models", "--json"));

        JsonNode demo = cli.Json.AsArray().Single(m => m!["name"]!.GetValue<string>() == "demo")!;
        Assert.True(demo["ready"]!.GetValue<bool>());
        Assert.Equal(30, demo["layers"]!.GetValue<int>());
        Assert.Equal(10, demo["saes"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("""{ "model": "nobody", "tokenIds": [1] }""", "model 'nobody'")]
    [InlineData("""{ "model": "MODEL" }""", "exactly one of \"prompt\", \"messages\" and \"tokenIds\"")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "prompts": 1 }""", "prompts")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [9999] }""", "9999")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "device": "tpu" }""", "device 'tpu'")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "dtype": "int3" }""", "dtype 'int3'")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "interventions": [ { "op": "ablate", "features": ["L1-7"] } ] }""", "no SAEs")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "interventions": [ { "op": "ablate", "features": ["17"] } ] }""", "interventions[0]")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "interventions": [ { "op": "explode" } ] }""", "op 'explode'")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "capture": ["soul"] }""", "capture 'soul'")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "direction": "nowhere.safetensors" }""", "no such file")]
    [InlineData("""{ "model": "MODEL", "prompt": "hello" }""", "tokenizer")]
    [InlineData("""{ "model": null, "tokenIds": [1] }""", "\"model\" is missing")]
    [InlineData("""{ "model": "MODEL", "messages": [null] }""", "messages[0]: expected")]
    [InlineData("""{ "model": "MODEL", "messages": [{ "role": "user", "content": null }] }""", "messages[0]: \"content\" is missing")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "capture": [null] }""", "capture[0]: expected")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "saes": { "1": null } }""", "saes.1: expected")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "saes": { "9": "x" }, "capture": ["features"] }""", "saes.9: llama31 has layers 0 to 3")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "refusalTokens": [99999] }""", "refusalTokens: token id 99999")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "interventions": [null] }""", "interventions[0]: expected an object")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "interventions": [{ "op": null }] }""", "interventions[0]: \"op\" is missing")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "interventions": [{ "op": "ablate", "features": null }] }""", "features")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "interventions": [{ "op": "ablate", "features": [null] }] }""", "interventions[0].features[0]: expected a text, found null")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "direction": "DIRECTION", "interventions": [{ "op": "projectOut", "layers": ["all"] }] }""", "interventions[0]: layers [\"all\"]")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "direction": "DIRECTION", "interventions": [{ "op": "projectOut", "layers": [null] }] }""", "interventions[0]: layers [null]")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "direction": "DIRECTION", "interventions": [{ "op": "projectOut" }, { "op": "add", "layer": 4 }] }""", "interventions[1]: add: layer 4: llama31 has layers 0 to 3")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "direction": "DIRECTION", "interventions": [{ "op": "add", "layer": -1 }] }""", "add: layer -1")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "direction": "DIRECTION", "interventions": [{ "op": "projectOut", "layers": [1, 9] }] }""", "projectOut: layer 9")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "direction": "DIRECTION", "interventions": [{ "op": "projectOut", "layers": [-1] }] }""", "projectOut: layer -1")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "direction": "DIRECTION", "interventions": [{ "op": "projectOut", "layers": [] }] }""", "projectOut: no layer is named")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "interventions": [{ "op": "ablate", "features": ["L1-7"], "positions": [0] }] }""", "interventions[0]: scope 'all': \"positions\"")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "interventions": [{ "op": "ablate", "features": ["L1-7"], "scope": "positions" }] }""", "interventions[0]: scope 'positions': expected")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "interventions": [{ "op": "ablate", "features": ["L1-7"], "scope": "all:xyz" }] }""", "scope 'all:xyz': expected")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1, 2], "direction": "DIRECTION", "interventions": [{ "op": "add", "layer": 1, "scope": "positions", "positions": [1, 7] }] }""", "interventions[0]: position 7: the prompt has 2 tokens; expected 0 to 1")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1, 2], "direction": "DIRECTION", "interventions": [{ "op": "add", "layer": 1, "scope": "positions", "positions": [7] }], "generate": { "maxNewTokens": 5 } }""", "position 7: the prompt has 2 tokens and at most 5 are generated")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "interventions": [{ "op": "ablate" }] }""", "interventions[0]: ablate needs \"features\"")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "capture": ["features"] }""", "capture 'features': llama31 has no SAEs")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "topLogits": -1 }""", "topLogits -1: expected 0 or more")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "generate": { "temperature": -0.5 } }""", "temperature -0.5: expected")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "generate": { "temperature": "NaN" } }""", "generate.temperature")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "generate": { "temperature": 1e999 } }""", "temperature Infinity: expected")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "generate": { "topP": 0 } }""", "topP 0: expected more than 0, at most 1")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "generate": { "topP": 1.5 } }""", "topP 1.5: expected")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "generate": { "topK": -1 } }""", "topK -1: expected")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "interventions": [{ "op": "clamp", "features": ["L1-7"], "value": "NaN" }] }""", "interventions[0].value")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "interventions": [{ "op": "clamp", "features": ["L1-7"], "value": 1e300 }] }""", "interventions[0]: clamp: value 1E+300: expected a finite number")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "direction": "DIRECTION", "interventions": [{ "op": "add", "layer": 1, "coefficient": 1e999 }] }""", "interventions[0]: add: coefficient Infinity")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "generate": { "maxNewTokens": -1 } }""", "maxNewTokens -1: expected 0 or more")]
    [InlineData("""{ "model": "MODEL", "tokenIds": [1], "generate": { "maxNewTokens": 2147483647 } }""", "2147483647 new ones")]
    [InlineData("""{ "model": """, "expected a JSON object")]
    public async Task Probe_BadRequest_SaysWhatInOneLineAndExitsWith2(string request, string says)
    {
        using var cli = new CommandLine();
        string direction = Path.Combine(cli.Folder, "direction.safetensors");
        SafetensorsFile.Write(direction, [new TensorData("direction", (float[])[1, .. new float[ModelDim - 1]], (long[])[ModelDim])]);
        string file = cli.File("request.json", request
            .Replace("MODEL", CommandLine.Golden("models", TinyModel), StringComparison.Ordinal).Replace("DIRECTION", direction, StringComparison.Ordinal));

        Assert.Equal(2, await cli.RunAsync("probe", file, "--json"));

        Assert.Contains(says, cli.Error, StringComparison.Ordinal);
        Assert.Single(cli.Error.Trim().Split('\n'));
        Assert.Empty(cli.Output);
    }

    [Fact]
    public async Task Probe_BadRequestsInAnArray_FailAlone()
    {
        using var cli = new CommandLine();
        string model = CommandLine.Golden("models", TinyModel);
        string file = cli.File("request.json", $$"""[ { "model": "{{model}}", "tokenIds": [1, 2] }, { "model": "{{model}}", "tokenIds": [-1] }, { "model": "{{model}}", "tokenIds": [3] }, { "model": "{{model}}", "tokenIds": [1], "interventions": [null] } ]""");

        Assert.Equal(2, await cli.RunAsync("probe", file, "--json"));

        JsonArray answers = cli.Json.AsArray();
        Assert.Equal(4, answers.Count);
        Assert.Contains("-1", answers[1]!["error"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("interventions[0]", answers[3]!["error"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(2, answers[0]!["tokens"]!.AsArray().Count);
        Assert.Equal(0, answers[2]!["kl"]!.GetValue<double>());
    }

    [Theory]
    [InlineData(".", "a folder; expected the path of a file")]
    [InlineData("nowhere/out.safetensors", "there is no folder")]
    public async Task Probe_TensorsThatCannotBeWritten_IsToldBeforeTheFirstRequest(string tensors, string says)
    {
        using var cli = new CommandLine();
        string file = cli.File("request.json", """{ "model": "nobody", "tokenIds": [1] }""");

        Assert.Equal(2, await cli.RunAsync("probe", file, "--tensors", Path.Combine(cli.Folder, tensors)));

        Assert.Contains("--tensors", cli.Error, StringComparison.Ordinal);
        Assert.Contains(says, cli.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("nobody", cli.Error, StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(cli.Folder));
    }

    [Fact]
    public async Task Probe_ArrayThatDiffersInRefusalTokens_AnswersEachWithItsOwn()
    {
        using var cli = new CommandLine();
        string model = CommandLine.Golden("models", TinyModel);
        string Request(string tokens) => $$"""{ "model": "{{model}}", "tokenIds": [1, 2, 3], "refusalTokens": {{tokens}} }""";
        string file = cli.File("request.json", $"[ {Request("[5]")}, {Request("[6]")}, {Request("[5, 6]")} ]");

        Assert.Equal(0, await cli.RunAsync("probe", file, "--json"));

        double[] p = [.. cli.Json.AsArray().Select(a => a!["baseline"]!["refusalTokenProbability"]!.GetValue<double>())];
        Assert.NotEqual(p[0], p[1]);
        Assert.Equal(p[0] + p[1], p[2], 6);
        Assert.Equal("[6]", cli.Json[1]!["record"]!["refusalTokens"]!.ToJsonString(new() { WriteIndented = false }));
    }

    [Theory]
    [InlineData(ModelDim, 0f, "all its values are 0")]
    [InlineData(ModelDim, float.NaN, "value 1 is not a finite number")]
    [InlineData(ModelDim - 1, 1f, "the direction has 63 values; llama31's residual stream has 64")]
    public async Task Probe_DirectionThatIsNone_IsRefusedEvenIfNothingUsesIt(int length, float second, string says)
    {
        using var cli = new CommandLine();
        string direction = Path.Combine(cli.Folder, "direction.safetensors");
        float[] values = new float[length];
        values[1] = second;
        SafetensorsFile.Write(direction, [new TensorData("direction", values, (long[])[length])]);
        string file = cli.File("request.json", new JsonObject
        {
            ["model"] = CommandLine.Golden("models", TinyModel),
            ["tokenIds"] = new JsonArray(1),
            ["direction"] = direction,
        }.ToJsonString());

        Assert.Equal(2, await cli.RunAsync("probe", file));

        Assert.Contains(says, cli.Error, StringComparison.Ordinal);
        Assert.Single(cli.Error.Trim().Split('\n'));
    }

    [Fact]
    public async Task Probe_PositionThatGenerationReaches_IsTaken()
    {
        using var cli = new CommandLine();
        string file = cli.File("request.json", new JsonObject
        {
            ["model"] = CommandLine.Golden("models", TinyModel),
            ["tokenIds"] = new JsonArray(1, 2),
            ["saes"] = new JsonObject { ["1"] = CommandLine.Golden("saes", "gemmascope", TinyModel, "layer_1", "width_256", "average_l0_10", "params.npz") },
            ["interventions"] = new JsonArray(new JsonObject
            {
                ["op"] = "clamp",
                ["value"] = 3,
                ["features"] = new JsonArray("L1-7"),
                ["scope"] = "positions",
                ["positions"] = new JsonArray(4),
            }),
            ["generate"] = new JsonObject { ["maxNewTokens"] = 4, ["ignoreEos"] = true },
        }.ToJsonString());

        Assert.Equal(0, await cli.RunAsync("probe", file, "--json"));

        Assert.Equal(1, cli.Json["effects"]![0]!["tokensTouched"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("probe", "/no/such/file.json")]
    [InlineData("nonsense")]
    [InlineData("probe")]
    public async Task BadCommandLine_ExitsWith2(params string[] args)
    {
        using var cli = new CommandLine();

        Assert.Equal(2, await cli.RunAsync(args));

        Assert.Single(cli.Error.Trim().Split('\n'));
    }

    [Fact]
    public async Task Stopped_ExitsWith130()
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        using var cli = new CommandLine();
        string file = cli.File("request.json", $$"""{ "model": "{{CommandLine.Golden("models", TinyModel)}}", "tokenIds": [1] }""");

        Assert.Equal(130, await CliApp.RunAsync(["probe", file], TextWriter.Null, TextWriter.Null, stop.Token));
    }
}
