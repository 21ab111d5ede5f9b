using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Ports;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Analyses;

/// <summary>What every analysis owes: tables, charts, findings, a record, a reading sentence, and the same numbers again.</summary>
public sealed class EveryAnalysisTests(AnalysisBench bench) : IClassFixture<AnalysisBench>
{
    public static TheoryData<string> Ids => [.. new AnalysisBench().Catalog.All.Select(a => a.Info.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task Run_GivesTablesChartsFindingsAndARecord(string id)
    {
        AnalysisResult result = await bench.RunAsync(id, Request(id));

        Assert.Equal(id, result.Analysis);
        Assert.NotEmpty(result.Output.Findings);
        Assert.All(result.Output.Findings, f => Assert.DoesNotContain("NaN", f, StringComparison.Ordinal));
        Assert.NotEmpty(result.Output.Charts);
        Assert.NotEmpty(result.Output.Tables);
        Assert.Equal(result.Output.Tables.Length, result.Output.Tables.Select(t => t.Id).Distinct().Count());
        Assert.All(result.Output.Tables, t => Assert.All(t.Rows, r => Assert.Equal(t.Columns.Length, r.Length)));
        Assert.Contains(result.Output.Tables, t => t.Rows.Length > 0);
        Assert.Equal(TinyChat.Name, result.Record.Model);
        Assert.NotEmpty(result.Record.WeightsFingerprint);
        Assert.NotEmpty(result.Record.SaeFingerprints);
        Assert.True(bench.Runs.TryGet(result.RunId, out StoredRun? stored));
        Assert.Equal(RunStatus.Finished, stored.Header.Status);
        AnalysisInfo info = bench.Catalog.Get(id).Info;
        Assert.EndsWith(".", info.HowToRead, StringComparison.Ordinal);
        Assert.EndsWith("?", info.Question, StringComparison.Ordinal);
        Assert.NotEmpty(info.Paper);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task Run_OfTheWrittenOutRequest_GivesTheSameNumbers(string id)
    {
        AnalysisResult first = await bench.RunAsync(id, Request(id));

        string json = JsonSerializer.Serialize(first.Request, AnalysisJson.Options);
        AnalysisResult again = await bench.RunAsync(id, AnalysisJson.ReadRequest<AnalysisRequest>(json, "request"));

        Assert.Equal(Text(first), Text(again));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task Load_OfAStoredResult_GivesItBack(string id)
    {
        AnalysisResult result = await bench.RunAsync(id, Request(id));

        AnalysisResult loaded = bench.Runner.Load(result.RunId);

        Assert.Equal(JsonSerializer.Serialize(result, AnalysisJson.Options), JsonSerializer.Serialize(loaded, AnalysisJson.Options));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Settings_OutOfRangeOrUnknown_AreRefusedByName(string id)
    {
        IAnalysis analysis = bench.Catalog.Get(id);

        PipelineException unknown = Assert.Throws<PipelineException>(() => analysis.ReadSettings(AnalysisBench.Settings(new { nonsense = 1 })));

        Assert.Contains(id, unknown.Message, StringComparison.Ordinal);
        Assert.Contains("nonsense", unknown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', unknown.Message);
        Assert.All(SettingField.Of(analysis), f => Assert.True(f.Help.Length > 0 && f.Label.Length > 0, f.Name));
    }

    [Fact]
    public async Task Run_OfAFeatureThatIsNotThere_SaysWhich()
    {
        AnalysisRequest request = AnalysisBench.Request() with { Features = [new(2, 4711)] };

        PipelineException error = await Assert.ThrowsAsync<PipelineException>(() => bench.RunAsync("kl", request));

        Assert.Contains("L2-4711", error.Message, StringComparison.Ordinal);
        Assert.Contains("48", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The smallest request that the analysis takes.</summary>
    internal static AnalysisRequest Request(string id) => id switch
    {
        "linear-probe" => AnalysisBench.Request(24, 22) with { Settings = AnalysisBench.Settings(new { k = new[] { 3, 8 }, heldOut = 4, embeddingSizes = new[] { 2 }, embeddingSize = 2, epochs = 3 }) },
        "bos-clamp" => AnalysisBench.Request() with { Settings = AnalysisBench.Settings(new { values = new[] { 2, 20 }, prompts = new[] { "tell a story", "cook" } }) },
        "controls" => AnalysisBench.Request(2) with { Settings = AnalysisBench.Settings(new { draws = 5 }) },
        "k-tokens" => AnalysisBench.Request(3) with { Settings = AnalysisBench.Settings(new { k = new[] { 2, 6 } }) },
        "dose-response" => AnalysisBench.Request(2, 2) with { Settings = AnalysisBench.Settings(new { doses = new[] { 0.0, 1, 2 } }) },
        "causal-links" => AnalysisBench.Request(3) with
        {
            Features = [],
            Sets =
            [
                new AnalysisFeatureSet { Name = "later", Features = [.. AnalysisBench.Features(3, 47)] },
                new AnalysisFeatureSet { Name = "earlier", Features = [.. AnalysisBench.Features(2, 40, 1)] },
            ],
        },
        _ => AnalysisBench.Request(4, 3),
    };

    private static string Text(AnalysisResult result) => string.Join('\n', result.Output.Tables.Select(t => t.ToCsv()).Concat(result.Output.Findings))
        + JsonSerializer.Serialize<ImmutableArray<AnalysisChart>>(result.Output.Charts, AnalysisJson.Options);
}
