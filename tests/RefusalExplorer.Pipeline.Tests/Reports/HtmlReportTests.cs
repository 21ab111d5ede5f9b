using System.Collections.Immutable;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Reports;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Pipeline.Tests.Analyses;
using RefusalExplorer.Pipeline.Tests.Studies;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Reports;

public sealed class HtmlReportTests(AnalysisBench bench) : IClassFixture<AnalysisBench>
{
    [Fact]
    public async Task Write_WithholdsPromptsAndResponses_UnlessAskedFor()
    {
        AnalysisResult result = await bench.RunAsync("attack-success", AnalysisBench.Request());
        string prompt = result.Request.Harmful!.Items[0].Instruction;
        ReportContent content = new() { Title = "t", MadeAt = DateTimeOffset.UnixEpoch, Analyses = [result] };

        string withheld = new HtmlReport(bench.Catalog).Write(content), whole = new HtmlReport(bench.Catalog).Write(content with { IncludeText = true });

        Assert.All(result.Request.Harmful.Items, p => Assert.DoesNotContain(p.Instruction, withheld, StringComparison.Ordinal));
        Assert.Contains(prompt, whole, StringComparison.Ordinal);
        Assert.Contains("withheld", withheld, StringComparison.Ordinal);
        Assert.Contains(result.Record.WeightsFingerprint, withheld, StringComparison.Ordinal);
        Assert.NotEmpty(result.Record.ModelPath!);
        Assert.DoesNotContain(result.Record.ModelPath!, whole, StringComparison.Ordinal);
        Assert.Contains(bench.Catalog.Get("attack-success").Info.HowToRead, System.Net.WebUtility.HtmlDecode(withheld), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_HasNoScriptAndLoadsNothing()
    {
        string html = await WholeAsync();

        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(Regex.Matches(html, "(src|href)=\"(?!#)[^\"]*\""));
        Assert.Empty(Regex.Matches(html, "url\\(|@import|style=\""));
        Assert.DoesNotContain(">NaN<", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_ShowsEveryAnalysisWithItsChartsAndTables()
    {
        string html = await WholeAsync();

        Assert.All(bench.Catalog.All, a => Assert.Contains($"<section id=\"{a.Info.Id}\">", html, StringComparison.Ordinal));
        MatchCollection charts = Regex.Matches(html, "<svg.*?</svg>", RegexOptions.Singleline);
        Assert.True(charts.Count >= bench.Catalog.All.Length);
        // Well formed, every one, and drawn.
        Assert.All(charts, c => Assert.True(XElement.Parse(c.Value).Elements().Count() > 2));
    }

    [Fact]
    public async Task Write_FoldsALongList_AndKeepsAllOfIt()
    {
        AnalysisResult result = await bench.RunAsync("attack-success", AnalysisBench.Request());
        string features = string.Join(", ", Enumerable.Range(0, 50).Select(i => $"L8-{i + 100}"));
        AnalysisTable table = AnalysisTable.Of("draws", "Draws", [new("set", ColumnKind.Text), new("features", ColumnKind.Text)], [["short", "L8-1, L8-2"], ["long", features]]);

        string html = new HtmlReport(bench.Catalog).Write(new ReportContent
        {
            Title = "t",
            MadeAt = DateTimeOffset.UnixEpoch,
            Analyses = [result with { Output = result.Output with { Tables = [table] } }],
        });

        Match folded = Regex.Match(html, "<details class=\"cell\"><summary>(.*?) …</summary>(.*?)</details>");
        Assert.Equal(features, folded.Groups[2].Value);
        Assert.StartsWith(folded.Groups[1].Value + " ", features, StringComparison.Ordinal);
        Assert.Contains("<td>L8-1, L8-2</td>", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_OfAStudy_ShowsItsRatesAndRecord()
    {
        using var folder = new StudyFolder();
        StudyResult study = await folder.RunAsync();
        ImmutableArray<PromptResult> prompts = new StudyFiles(folder.Path).ReadPrompts();

        string html = new HtmlReport(bench.Catalog).Write(new ReportContent { Title = "t", MadeAt = DateTimeOffset.UnixEpoch, Study = study, Prompts = prompts });

        Assert.Contains("Attack success (paper, Tables 1 and 2)", html, StringComparison.Ordinal);
        Assert.Contains("Factorization machine and linear probe", html, StringComparison.Ordinal);
        Assert.Contains(study.Direction!.Id, html, StringComparison.Ordinal);
        Assert.All(prompts, p => Assert.DoesNotContain(p.Instruction, html, StringComparison.Ordinal));
    }

    [Fact]
    public void Draw_PlacesBarsByTheirValues()
    {
        BarChart chart = new() { Id = "b", Title = "a < b", Categories = ["x", "y"], Shares = true, Series = [new BarSeries { Name = "s", Values = [0.25, 0.5] }] };

        XElement svg = XElement.Parse(SvgChart.Draw(chart).Split("<p")[0]);

        double[] heights = [.. svg.Elements().Where(e => e.Name.LocalName == "rect").Select(e => double.Parse(e.Attribute("height")!.Value, System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(2, heights.Length);
        Assert.Equal(2, heights[1] / heights[0], 0.01);
        Assert.Equal("a < b", svg.Attribute("aria-label")!.Value);
    }

    private async Task<string> WholeAsync()
    {
        List<AnalysisResult> results = [];
        foreach (string id in bench.Catalog.All.Select(a => a.Info.Id))
            results.Add(await bench.RunAsync(id, EveryAnalysisTests.Request(id)));
        return new HtmlReport(bench.Catalog).Write(new ReportContent { Title = "t", MadeAt = DateTimeOffset.UnixEpoch, Analyses = [.. results] });
    }
}
