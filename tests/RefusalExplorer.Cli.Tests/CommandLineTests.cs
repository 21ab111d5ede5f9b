using System.Text.Json.Nodes;
using Xunit;

namespace RefusalExplorer.Cli.Tests;

public sealed class CommandLineTests
{
    private const string TinyModel = "llama31";

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
    [InlineData("""{ "model": """, "expected a JSON object")]
    public async Task Probe_BadRequest_SaysWhatInOneLineAndExitsWith2(string request, string says)
    {
        using var cli = new CommandLine();
        string file = cli.File("request.json", request.Replace("MODEL", CommandLine.Golden("models", TinyModel), StringComparison.Ordinal));

        Assert.Equal(2, await cli.RunAsync("probe", file, "--json"));

        Assert.Contains(says, cli.Error, StringComparison.Ordinal);
        Assert.Single(cli.Error.Trim().Split('\n'));
        Assert.Empty(cli.Output);
    }

    [Fact]
    public async Task Probe_OneBadRequestInAnArray_FailsAlone()
    {
        using var cli = new CommandLine();
        string model = CommandLine.Golden("models", TinyModel);
        string file = cli.File("request.json", $$"""[ { "model": "{{model}}", "tokenIds": [1, 2] }, { "model": "{{model}}", "tokenIds": [-1] }, { "model": "{{model}}", "tokenIds": [3] } ]""");

        Assert.Equal(2, await cli.RunAsync("probe", file, "--json"));

        JsonArray answers = cli.Json.AsArray();
        Assert.Equal(3, answers.Count);
        Assert.Contains("-1", answers[1]!["error"]!.GetValue<string>(), StringComparison.Ordinal);
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
