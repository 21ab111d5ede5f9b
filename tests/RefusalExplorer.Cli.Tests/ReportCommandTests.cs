using Xunit;

namespace RefusalExplorer.Cli.Tests;

public sealed class ReportCommandTests
{
    private const string Study = """{ "name": "never run", "model": "demo", "sets": { "prompts": "demo:harmful_test", "harmfulTrain": "demo:harmful_train", "harmlessTrain": "demo:harmless_train" } }""";

    [Theory]
    [InlineData("report")]
    [InlineData("evaluate")]
    [InlineData("redundancy")]
    [InlineData("taxonomy")]
    public async Task OfAStudyThatWasNotRun_SaysWhatToDoAndExitsWith2(string command)
    {
        using var cli = new CommandLine();
        string study = cli.File("study.json", Study);

        Assert.Equal(2, command == "report" ? await cli.RunAsync(command, study, "--folder", cli.Folder) : await cli.RunAsync(command, study, "--out", cli.Folder));

        Assert.Contains("refusal-explorer study", cli.Error, StringComparison.Ordinal);
        Assert.Single(cli.Error.Trim().Split('\n'));
    }

    [Fact]
    public async Task Report_OfAnEmptyFolder_SaysWhatItLooksFor()
    {
        using var cli = new CommandLine();

        Assert.Equal(2, await cli.RunAsync("report", cli.Folder));

        Assert.Contains("result.json", cli.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "features": ["L8-1"], "settings": { "draws": 3 } }""", "--only")]
    [InlineData("""{ "featurs": ["L8-1"] }""", "featurs")]
    [InlineData("""{ "features": """, "request.json")]
    public async Task Evaluate_OfABadRequest_SaysWhat(string request, string says)
    {
        using var cli = new CommandLine();
        string file = cli.File("request.json", request);

        Assert.Equal(2, await cli.RunAsync("evaluate", file));

        Assert.Contains(says, cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluate_OfAnUnknownAnalysis_NamesThemAll()
    {
        using var cli = new CommandLine();
        string file = cli.File("request.json", """{ "features": ["L8-1"] }""");

        Assert.Equal(2, await cli.RunAsync("evaluate", file, "--only", "magic"));

        Assert.Contains("attack-success", cli.Error, StringComparison.Ordinal);
    }
}
