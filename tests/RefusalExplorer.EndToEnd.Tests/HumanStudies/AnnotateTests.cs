using Microsoft.Playwright;
using RefusalExplorer.Pipeline.HumanStudies;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests.HumanStudies;

public sealed class AnnotateTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    private HumanStudyService Service => Dashboard.Get<HumanStudyService>();

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Phone_AnswersByTouch(ColorScheme scheme)
    {
        IPage page = await InviteAsync(scheme);

        Assert.Equal("Card 1 of 6", await page.InnerTextAsync("h1"));
        Assert.True(await page.IsDisabledAsync("[data-submit]"));
        await page.TapAsync("[data-reveal] summary");
        Assert.True(await page.IsVisibleAsync("text=hidden at first"));
        await page.TapAsync("label.choice:has-text('cybercrime')");
        Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= 390);
        await Accessibility.AssertNoSeriousFindingsAsync(page);

        await page.TapAsync("[data-submit]");

        await page.WaitForSelectorAsync("text=Card 2 of 6");
        Assert.False(await page.IsVisibleAsync("text=hidden at first"));
        Assert.Equal(["cybercrime"], Assert.Single(Answers(page)).Labels);
    }

    [Fact]
    public async Task Digits_Choose_EnterSubmits_BackspaceDiscards_AndNoneIsExclusive()
    {
        IPage page = await InviteAsync();

        await page.Keyboard.PressAsync("3");
        await page.Keyboard.PressAsync("1");
        Assert.Equal(["theft and fraud", "cybercrime"], await ChosenAsync(page));
        await page.Keyboard.PressAsync("0");
        Assert.Equal(["None"], await ChosenAsync(page));
        await page.Keyboard.PressAsync("2");
        Assert.Equal(["weapons and violence"], await ChosenAsync(page));
        await page.Keyboard.PressAsync("Backspace");
        Assert.Empty(await ChosenAsync(page));
        await page.Keyboard.PressAsync("Enter");
        Assert.Empty(Answers(page));

        await page.Keyboard.PressAsync("8");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForSelectorAsync("text=Card 2 of 6");
        await page.Keyboard.PressAsync("u");
        await page.WaitForSelectorAsync("text=Card 1 of 6");
        Assert.Equal(["drugs"], await ChosenAsync(page));
    }

    [Fact]
    public async Task Reload_GoesOnWhereItWas_ToTheEnd()
    {
        IPage page = await InviteAsync();
        for (int card = 1; card <= 6; card++)
        {
            await page.WaitForSelectorAsync($"text=Card {card} of 6");
            await page.Keyboard.PressAsync("0");
            await page.Keyboard.PressAsync("Enter");
            if (card == 3)
            {
                await page.WaitForSelectorAsync("text=Card 4 of 6");
                await page.ReloadAsync();
            }
        }

        await page.WaitForSelectorAsync("text=All done");
        await Accessibility.AssertNoSeriousFindingsAsync(page);
        Assert.Equal(6, Answers(page).Length);
    }

    [Fact]
    public async Task LostNetwork_LosesNoAnswer()
    {
        IPage page = await InviteAsync();
        await page.Keyboard.PressAsync("5");
        await page.Context.SetOfflineAsync(true);
        await page.TapAsync("[data-submit]");

        await page.WaitForSelectorAsync("[role=alert]:has-text('Not saved')");
        Assert.Equal(["public harm"], await ChosenAsync(page));

        await page.Context.SetOfflineAsync(false);
        await page.TapAsync("[data-submit]");
        await page.WaitForSelectorAsync("text=Card 2 of 6");
        Assert.Equal(["public harm"], Assert.Single(Answers(page)).Labels);
    }

    [Fact]
    public async Task WithoutScripts_TheFormWorksAllTheSame()
    {
        IPage page = await InviteAsync(scripts: false);

        await page.TapAsync("[data-submit]");
        await page.WaitForSelectorAsync("[role=alert]");
        await page.TapAsync("label.choice:has-text('drugs')");
        await page.TapAsync("[data-submit]");

        await page.WaitForSelectorAsync("text=Card 2 of 6");
        Assert.Equal(["drugs"], Assert.Single(Answers(page)).Labels);
    }

    private async Task<IPage> InviteAsync(ColorScheme scheme = ColorScheme.Light, bool scripts = true)
    {
        string id = Guid.CreateVersion7().ToString("N");
        await Service.CreateAsync(ExampleStudy.Of(id, 6), Ct);
        Invitation invitation = await Service.InviteAsync(id, "Ada Lovelace", Ct);
        IPage page = await OpenWindowAsync(new()
        {
            ColorScheme = scheme,
            ViewportSize = new() { Width = 390, Height = 844 },
            HasTouch = true,
            IsMobile = true,
            DeviceScaleFactor = 2,
            JavaScriptEnabled = scripts,
        });
        await page.GotoAsync($"/annotate/{invitation.Token}");
        return page;
    }

    private StudyAnswer[] Answers(IPage page)
    {
        string token = new Uri(page.Url).Segments[^1];
        HumanStudyState state = Service.List().Single(s => s.Roster.Annotators.Any(a => a.TokenHash == InvitationToken.Hash(token)));
        return [.. state.Sheet(1).Answers()];
    }

    private static async Task<IReadOnlyList<string>> ChosenAsync(IPage page) => await page.Locator("label.choice:has(:checked) span").AllInnerTextsAsync();
}
