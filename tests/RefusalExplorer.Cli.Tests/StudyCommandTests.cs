using System.Text.Json.Nodes;
using Xunit;

namespace RefusalExplorer.Cli.Tests;

/// <summary>A small study of the demo model, through Stage 2, as a process: run whole, again, and after a kill.</summary>
public sealed class StudyCommandTests
{
    private const string Mini = """
        {
          "name": "mini", "model": "demo", "through": "prune",
          "sets": { "prompts": { "set": "demo:harmful_test", "shuffle": true, "take": 1 }, "harmfulTrain": "demo:harmful_train", "harmlessTrain": "demo:harmless_train" },
          "generation": { "maxNewTokens": 8 },
          "direction": { "selector": "fixed", "hook": "blocks.20.hook_resid_post", "trainCount": 4, "validationCount": 1, "filter": false },
          "candidates": { "steps": [10] },
          "prune": { "blockSize": 20, "thresholds": [0.1, 0.5], "seeds": [0] }
        }
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Study_WritesItsTables_AndGoesOnAfterAKill_WithTheSameResultsToTheByte()
    {
        using var cli = new CommandLine();
        string study = cli.File("mini.json", Mini);
        var environment = new Dictionary<string, string> { ["RefusalExplorer__DataFolder"] = Path.Combine(cli.Folder, "data") };
        Task<CliProcess> RunAsync(string folder) => CliProcess.RunAsync(environment, "study", study, "--out", Path.Combine(cli.Folder, folder), "--json");

        CliProcess whole = await RunAsync("whole");

        Assert.Equal(0, whole.Code);
        Assert.Equal("prune", whole.Json["completed"]!.GetValue<string>());
        Assert.Equal(1, whole.Json["funnel"]!["prompts"]!.GetValue<int>());
        SortedDictionary<string, string> files = Files(cli, "whole");
        string[] expected =
        [
            "study.json", "result.json", "prompts.jsonl", "rates.csv", "prompts.csv", "candidates.csv", "pruning.csv", "thresholds.csv", "minimal.csv", "features.csv",
            "direction/direction.pt", "direction/direction_metadata.json",
        ];
        Assert.Empty(expected.Except(files.Keys));
        Assert.Equal(2, (await File.ReadAllLinesAsync(Path.Combine(cli.Folder, "whole", "prompts.csv"), Ct)).Length);

        // Again: every piece is in the journal, and none is done anew.
        string journal = Path.Combine(cli.Folder, "whole", "journal.jsonl");
        byte[] pieces = await File.ReadAllBytesAsync(journal, Ct);
        CliProcess again = await RunAsync("whole");
        Assert.Equal((0, whole.Output), (again.Code, again.Output));
        Assert.Equal(pieces, await File.ReadAllBytesAsync(journal, Ct));
        Assert.Equal(files, Files(cli, "whole"));

        // A kill leaves some lines and a part of the next.
        string[] lines = await File.ReadAllLinesAsync(journal, Ct);
        int kept = lines.Length / 2;
        Directory.CreateDirectory(Path.Combine(cli.Folder, "killed"));
        string torn = Path.Combine(cli.Folder, "killed", "journal.jsonl");
        await File.WriteAllTextAsync(torn, string.Concat(lines.Take(kept).Select(l => l + "\n")) + lines[kept][..(lines[kept].Length / 2)], Ct);
        CliProcess resumed = await RunAsync("killed");
        Assert.Equal((0, whole.Output), (resumed.Code, resumed.Output));
        Assert.Equal(files, Files(cli, "killed"));
        Assert.Equal(lines.Take(kept), (await File.ReadAllLinesAsync(torn, Ct)).Take(kept));
    }

    [Theory]
    [InlineData("""{ "name": "n", "model": "demo" }""", "sets")]
    [InlineData("""{ "name": "n", "model": "demo", "sets": { "prompts": "demo:harmful_test" }, "prune": { "tau": 3 } }""", "$.prune.tau: unknown field")]
    [InlineData("""{ "name": "n", "model": "demo", "sets": {""", "study.json")]
    [InlineData("""{ "name": "n", "model": "gpt-9", "sets": { "prompts": "demo:harmful_test", "harmfulTrain": "demo:harmful_train", "harmlessTrain": "demo:harmless_train" } }""", "gpt-9")]
    public async Task Study_OfABrokenFile_SaysInOneLineWhat_AndExitsWith2(string text, string says)
    {
        using var cli = new CommandLine();
        string study = cli.File("study.json", text);

        Assert.Equal(2, await cli.RunAsync("study", study, "--out", Path.Combine(cli.Folder, "out")));

        Assert.Single(cli.Error.Trim().Split('\n'));
        Assert.Contains(says, cli.Error, StringComparison.Ordinal);
        Assert.Empty(cli.Output);
    }

    [Fact]
    public async Task Study_OfAnUnknownPromptSet_ExitsWith2_AndNamesIt()
    {
        using var cli = new CommandLine();
        JsonNode definition = JsonNode.Parse(Mini)!;
        definition["sets"]!["prompts"] = "no-such-file.csv";
        string study = cli.File("study.json", definition.ToJsonString());

        CliProcess run = await CliProcess.RunAsync(
            new Dictionary<string, string> { ["RefusalExplorer__DataFolder"] = Path.Combine(cli.Folder, "data") }, "study", study, "--out", Path.Combine(cli.Folder, "out"));

        Assert.Equal(2, run.Code);
        Assert.Contains("no-such-file.csv", run.Error.Trim().Split('\n')[^1], StringComparison.Ordinal);
    }

    /// <summary>All files but the journal, whose lines hold times.</summary>
    private static SortedDictionary<string, string> Files(CommandLine cli, string folder)
    {
        string path = Path.Combine(cli.Folder, folder);
        return new(
            Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(f => Path.GetFileName(f) != "journal.jsonl")
                .ToDictionary(f => Path.GetRelativePath(path, f), f => Convert.ToBase64String(File.ReadAllBytes(f))), StringComparer.Ordinal);
    }
}
