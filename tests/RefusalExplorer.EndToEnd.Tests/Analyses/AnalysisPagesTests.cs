using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Web.Analyses;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests.Analyses;

/// <summary>The pages of analyses after small, real runs on the demo model.</summary>
public sealed class AnalysisPagesTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    public static TheoryData<string> All { get; } = [.. SmallRuns.Queries.Keys];

    private static readonly Dictionary<string, string> Made = [];

    /// <summary>Views of their own, beyond charts and tables.</summary>
    public static TheoryData<string, string> Views { get; } = new()
    {
        { "redundancy", "[data-chart='hydra-map']" },
        { "taxonomy", "[data-chart='map']" },
        { "dose-response", "[data-chart='dose-probability']" },
    };

    [Fact]
    public void EveryAnalysis_HasASmallRun() =>
        Assert.Equal(Dashboard.Get<AnalysisCatalog>().All.Select(a => a.Info.Id).Order(), SmallRuns.Queries.Keys.Order());

    [Theory, MemberData(nameof(All))]
    public async Task PressingRun_ShowsChartsTablesAndHowToReadThem(string id)
    {
        Look look = LookOf(id);
        IPage page = await OpenAsync($"/analyses/{id}?{SmallRuns.Queries[id]}", look);
        await page.ClickAsync("[data-run-button]");
        await page.WaitForSelectorAsync("[data-result], [data-error]");
        Assert.Empty(await page.Locator("[data-error]").AllInnerTextsAsync());
        AnalysisResult result = Dashboard.Get<AnalysisRuns>().Find(Made[id] = page.Url.Split('/')[^1])!.Result!;

        Assert.NotEmpty(await page.TextAsync("[data-panel='findings'] .findings li"));
        Assert.Contains(Dashboard.Get<AnalysisCatalog>().Get(id).Info.HowToRead, await page.TextAsync(".how"), StringComparison.Ordinal);
        // Plotly draws a mark for each point, bar or square that it was given.
        foreach (ILocator chart in await page.Locator("figure[data-chart]").AllAsync())
            await chart.Locator(".mlayer :is(path, image)").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
        Assert.NotEqual(0, await page.Locator("figure[data-chart]").CountAsync());
        foreach (AnalysisTable table in result.Output.Tables.Where(t => !t.Rows.IsEmpty))
            await AssertShownAsync(page, table);
        Assert.Contains(result.Output.Tables.SelectMany(t => t.Rows).SelectMany(r => r), c => c.Number is { } n && n != 0 && double.IsFinite(n));
        await AssertSavesAsync(page, result.Output.Tables.First(t => !t.Rows.IsEmpty));

        await LooksRightAsync(page, $"analysis-{id}", look);
    }

    [Fact]
    public async Task Controls_AreOneClickFromAnExperiment()
    {
        IPage page = await OpenAsync("/?n=4&k=1&b=none&control=0");
        await page.ModelReadyAsync();
        await page.ClickAsync("[data-run-button]");
        await page.ClickAsync("[data-outcome] [data-controls-now]");

        await page.AttachedAsync("[data-analysis-page='controls'] [data-result]");
        ILocator kinds = page.Locator("[data-controls] .control-card");
        await Assertions.Expect(kinds).ToHaveCountAsync(4);
        await Assertions.Expect(kinds.First).ToContainTextAsync("p = 0.");
        await Assertions.Expect(page.Locator("[data-table='controls']")).ToContainTextAsync("sign flipped");
    }

    [Theory, MemberData(nameof(Look.All), MemberType = typeof(Look))]
    public async Task Index_ListsEveryAnalysis_AndLooksRight(ColorScheme scheme, int width)
    {
        Look look = new(scheme, width);
        IPage page = await OpenAsync("/analyses", look);

        await Assertions.Expect(page.Locator("[data-analysis]")).ToHaveCountAsync(SmallRuns.Queries.Count);
        await LooksRightAsync(page, "analyses", look);
    }

    [Theory, MemberData(nameof(Views))]
    public async Task OwnView_LooksRightInEveryLook(string id, string chart)
    {
        string run = await FinishedRunAsync(id);
        foreach (TheoryDataRow<ColorScheme, int> row in Look.All)
        {
            Look look = new(row.Data.Item1, row.Data.Item2);
            IPage page = await OpenAsync($"/analyses/{id}/{run}", look);
            await page.AttachedAsync($"{chart} .main-svg");
            await LooksRightAsync(page, $"analysis-{id}", look);
        }
    }

    // One look for each, another for the next: all four are seen, and the class stays quick.
    private static Look LookOf(string id)
    {
        (ColorScheme scheme, int width) = Look.All.ElementAt(SmallRuns.Queries.Keys.Order().ToList().IndexOf(id) % Look.All.Count).Data;
        return new Look(scheme, width);
    }

    private static async Task AssertShownAsync(IPage page, AnalysisTable table)
    {
        ILocator shown = page.Locator($"[data-table='{table.Id}']");
        Assert.Equal(Math.Min(table.Rows.Length, 50).ToString(CultureInfo.InvariantCulture), await shown.GetAttributeAsync("data-rows"));
        ILocator cells = shown.Locator("tbody tr").First.Locator("td");
        for (int c = 0; c < table.Columns.Length; c++)
        {
            if (table.Columns[c].Kind is ColumnKind.Number or ColumnKind.Count or ColumnKind.Share)
                Assert.Equal(AnalysisTable.Show(table.Rows[0][c], table.Columns[c].Kind), (await cells.Nth(c).InnerTextAsync()).Trim());
        }
    }

    private static async Task AssertSavesAsync(IPage page, AnalysisTable table)
    {
        ILocator panel = page.Locator($"[data-panel='table-{table.Id}']");
        string csv = await SavedAsync(page, panel.Locator("[data-csv]"));
        Assert.Equal((table with { Rows = [.. table.Rows.Take(50)] }).ToCsv(), csv.TrimStart('\uFEFF'));
        using JsonDocument chart = JsonDocument.Parse(await SavedAsync(page, page.Locator("[data-chart-json]").First));
        Assert.NotEmpty(chart.RootElement.GetProperty("title").GetString()!);
    }

    private static async Task<string> SavedAsync(IPage page, ILocator button)
    {
        IDownload file = await page.RunAndWaitForDownloadAsync(() => button.ClickAsync());
        using StreamReader reader = new(await file.CreateReadStreamAsync());
        return await reader.ReadToEndAsync(Ct);
    }

    // Whichever test comes first makes the run; the others look at it. Runs of other classes are none of this: some are written by hand.
    private async Task<string> FinishedRunAsync(string id)
    {
        if (Made.TryGetValue(id, out string? run))
            return run;
        IPage page = await OpenAsync($"/analyses/{id}?{SmallRuns.Queries[id]}");
        await page.ClickAsync("[data-run-button]");
        await page.AttachedAsync("[data-result]");
        return Made[id] = page.Url.Split('/')[^1];
    }
}
