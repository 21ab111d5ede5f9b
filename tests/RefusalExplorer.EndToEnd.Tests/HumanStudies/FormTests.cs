using System.Text.Json;
using Microsoft.Playwright;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.HumanStudies;
using RefusalExplorer.Pipeline.Ports;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests.HumanStudies;

/// <summary>A study from the form to its results. The labels by activation come from a run that is written here; its features and their texts are the demo's.</summary>
public sealed class FormTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    private const string RunId = "taxonomy-of-the-form-tests";
    private const int Layer = 20;
    private static readonly SemaphoreSlim One = new(1);

    [Theory, MemberData(nameof(Look.All), MemberType = typeof(Look))]
    public async Task Form_WithPickedCards_LooksRight(ColorScheme scheme, int width)
    {
        Look look = new(scheme, width);
        IPage page = await OpenFormAsync(look);
        await page.ClickAsync("[data-pick]");
        await page.WaitForSelectorAsync("[data-panel='new-study'] [data-cards]");

        await LooksRightAsync(page, "human-study-form", look);
    }

    [Fact]
    public async Task Form_MakesAStudy_ThatPeopleAnswer_AndThatCloses()
    {
        IPage page = await OpenFormAsync();
        await page.FillAsync("#study-title", "From the form");
        foreach ((string field, string value) in new[] { ("per-group", "2"), ("random", "2"), ("silent", "1"), ("catches", "1"), ("repeats", "0") })
        {
            await page.FillAsync($"#study-{field}", value);
            await page.PressAsync($"#study-{field}", "Tab");
        }
        await page.ClickAsync("[data-pick]");
        await page.ClickAsync("[data-create]:enabled");
        await page.WaitForSelectorAsync("h1:has-text('From the form')");

        foreach (string name in new[] { "Ada", "Eve" })
            await AnswerAllAsync(await InviteAsync(page, name), name == "Ada" ? "1" : "0");
        await page.ClickAsync("[data-ask='close']");
        await page.ClickAsync("[data-confirm='close']");
        await page.WaitForSelectorAsync("[data-study-results='ready']");

        Assert.Equal("closed", await page.Locator("[data-status]").GetAttributeAsync("data-status"));
        Assert.Contains("Activation labels agree with the human majority", await page.TextAsync(".findings"), StringComparison.Ordinal);
    }

    private async Task<IPage> OpenFormAsync(Look? look = null)
    {
        await PrepareAsync();
        IPage page = await OpenAsync("/human-study", look);
        await page.SelectOptionAsync("#study-source", RunId);
        return page;
    }

    private static async Task<string> InviteAsync(IPage page, string name)
    {
        await page.FillAsync("#annotator", name);
        await page.ClickAsync("[data-invite]");
        return await page.Locator($"[aria-label='Link for {name}']").InputValueAsync();
    }

    private async Task AnswerAllAsync(string link, string digit)
    {
        IPage phone = await OpenWindowAsync(new() { ViewportSize = new() { Width = Look.Phone, Height = 844 } });
        await phone.GotoAsync(new Uri(link).AbsolutePath);
        int cards = int.Parse((await phone.InnerTextAsync("h1")).Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);
        for (int card = 1; card <= cards; card++)
        {
            await phone.WaitForSelectorAsync($"text=Card {card} of {cards}");
            await phone.Keyboard.PressAsync(digit);
            await phone.Keyboard.PressAsync("Enter");
        }
        await phone.WaitForSelectorAsync("text=All done");
    }

    private async Task PrepareAsync()
    {
        await One.WaitAsync(Ct);
        try
        {
            IRunStore runs = Dashboard.Get<IRunStore>();
            if (runs.TryGet(RunId, out _))
                return;
            await Dashboard.Get<DashboardRunner>().RunAsync(
                new DashboardRequest { Model = "demo", Layers = [Layer], Settings = new DashboardSettings { MaxTokens = 1500 } }, cancellation: Ct);
            await runs.SaveAsync(
                new RunHeader { Id = RunId, Kind = TaxonomyPool.RunKind, Model = "demo", Title = "Features by harm category", CreatedAt = DateTimeOffset.UtcNow },
                JsonSerializer.Serialize(Result(), AnalysisJson.Compact), Ct);
        }
        finally
        {
            One.Release();
        }
    }

    private AnalysisResult Result()
    {
        DashboardFile file = Dashboard.Get<DashboardLibrary>().TryOpen("demo", Layer)!;
        string[] firing = [.. Enumerable.Range(0, file.Header.Features).Where(f => file.Counts[f] > 3).Take(14).Select(f => $"L{Layer}-{f}")];
        string[] silent = [.. Enumerable.Range(0, file.Header.Features).Where(f => file.Counts[f] > 0).Skip(40).Take(4).Select(f => $"L{Layer}-{f}")];
        return new AnalysisResult
        {
            RunId = RunId,
            Analysis = "taxonomy",
            Request = new AnalysisRequest(),
            Record = new RunRecord { AppVersion = "1", StartedAt = DateTimeOffset.UtcNow, Model = "demo", WeightsFingerprint = "w", Device = "cpu", Dtype = "float32" },
            Output = new AnalysisOutput
            {
                Tables =
                [
                    Table("features", firing[..8].Select((f, i) => (f, i % 2 == 0 ? "fraud" : "fraud; weapons"))),
                    Table("random", firing[8..].Select(f => (f, "weapons")).Concat(silent.Select(f => (f, "")))),
                ],
            },
        };
    }

    private static AnalysisTable Table(string id, IEnumerable<(string Feature, string Labels)> rows) => AnalysisTable.Of(
        id, id, [new("feature", ColumnKind.Feature), new("labels", ColumnKind.Text), new("categories", ColumnKind.Count), new("fraud, share", ColumnKind.Share), new("weapons, share", ColumnKind.Share)],
        rows.Select(r => (IEnumerable<Cell>)[r.Feature, r.Labels, r.Labels.Split("; ", StringSplitOptions.RemoveEmptyEntries).Length, r.Labels.Contains("fraud", StringComparison.Ordinal) ? 1.0 : 0.0, r.Labels.Contains("weapons", StringComparison.Ordinal) ? 1.0 : 0.0]));
}
