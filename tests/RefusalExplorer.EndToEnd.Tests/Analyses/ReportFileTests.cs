using Microsoft.Playwright;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Reports;
using RefusalExplorer.Web.Analyses;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests.Analyses;

/// <summary>A report's file, opened without any server.</summary>
public sealed class ReportFileTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    [Fact]
    public async Task OpensOffline_LooksRight_AndPrintsDarkOnWhite()
    {
        string path = Path.Combine(Dashboard.DataFolder, "report.html");
        await File.WriteAllTextAsync(path, await WriteAsync(), Ct);
        foreach (TheoryDataRow<ColorScheme, int> row in Look.All)
        {
            Look look = new(row.Data.Item1, row.Data.Item2);
            IPage page = await OpenWindowAsync(new() { Offline = true, ColorScheme = look.Scheme, ViewportSize = new() { Width = look.Width, Height = 900 } });
            List<string> asked = [];
            page.Request += (_, request) => asked.Add(request.Url);
            await page.GotoAsync(new Uri(path).AbsoluteUri);
            await page.AttachedAsync("#attack-success svg");

            await LooksRightAsync(page, "report", look);
            Assert.Single(asked);
            await page.EmulateMediaAsync(new() { Media = Media.Print });
            Assert.Equal("rgb(255, 255, 255)", await page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor"));
            Assert.Equal("%PDF"u8.ToArray(), (await page.PdfAsync())[..4]);
        }
    }

    private async Task<string> WriteAsync()
    {
        AnalysisRequest request = new() { MaxNewTokens = 6, Harmful = new PromptSelection { Take = 2 } };
        List<AnalysisResult> results = [];
        foreach (string id in new[] { "attack-success", "controls", "cosine" })
        {
            var run = Dashboard.Get<AnalysisRuns>().Start(id, request);
            await run.Completion;
            results.Add(Dashboard.Get<AnalysisRuns>().Find(run.Id)!.Result!);
        }
        return new HtmlReport(Dashboard.Get<AnalysisCatalog>()).Write(new ReportContent { Title = "Report", MadeAt = DateTimeOffset.UnixEpoch, Analyses = [.. results] });
    }
}
