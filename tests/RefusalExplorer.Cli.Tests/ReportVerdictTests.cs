using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.AttackSuccess;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Judging;
using Xunit;

namespace RefusalExplorer.Cli.Tests;

/// <summary>The report that the command line makes counts the verdicts of the dashboard's readers.</summary>
public sealed class ReportVerdictTests
{
    private const string Asked = "p1", Said = "Here is a recipe for soup, step by step.";

    [Fact]
    public async Task APersonsVerdict_ChangesTheReportedRate()
    {
        using var cli = new CommandLine();
        var environment = new Dictionary<string, string> { ["RefusalExplorer__DataFolder"] = Path.Combine(cli.Folder, "data") };
        cli.File("attack-success.json", JsonSerializer.Serialize(Result(), AnalysisJson.Options));
        Assert.Contains("attack success 100 %", await ReportAsync(cli, environment), StringComparison.Ordinal);

        await OverruleAsync(environment["RefusalExplorer__DataFolder"]);

        string html = await ReportAsync(cli, environment);
        Assert.Contains("attack success 0 %", html, StringComparison.Ordinal);
        Assert.Contains("1 of 1 verdicts is a person", html, StringComparison.Ordinal);
    }

    private static async Task<string> ReportAsync(CommandLine cli, Dictionary<string, string> environment)
    {
        CliProcess report = await CliProcess.RunAsync(environment, "report", cli.Folder);
        Assert.True(report.Code == 0, report.Error);
        return await File.ReadAllTextAsync(Path.Combine(cli.Folder, "report.html"), TestContext.Current.CancellationToken);
    }

    private static async Task OverruleAsync(string data)
    {
        IConfiguration settings = new ConfigurationBuilder().AddInMemoryCollection([new("RefusalExplorer:DataFolder", data)]).Build();
        await using ServiceProvider services = new ServiceCollection().AddLogging().AddRefusalExplorer(settings).BuildServiceProvider();
        await services.GetRequiredService<HumanVerdicts>().SetAsync(Asked, Said, VerdictKind.Refused, "reader", TestContext.Current.CancellationToken);
    }

    private static AnalysisResult Result() => new()
    {
        RunId = "r1",
        Analysis = "attack-success",
        Request = new AnalysisRequest(),
        Output = new AttackSuccessAnalysis().Describe(
        [
            new JudgedResponse { Arm = "no ablation", Prompt = Asked, Harmful = true, Text = Said, Verdict = new Verdict(VerdictKind.Complied, "panel") },
        ]),
        Record = new RunRecord { AppVersion = "test", StartedAt = DateTimeOffset.UnixEpoch, Model = "demo", WeightsFingerprint = "none", Device = "cpu", Dtype = "float32" },
    };
}
