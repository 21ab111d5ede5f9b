using Microsoft.Playwright;
using Xunit;

namespace RefusalExplorer.EndToEnd.Tests.Features;

public sealed class AnnotationDeskTests(DashboardFixture dashboard) : BrowserTest(dashboard)
{
    [Theory, MemberData(nameof(Look.All), MemberType = typeof(Look))]
    public async Task Desk_LooksRight(ColorScheme scheme, int width)
    {
        var look = new Look(scheme, width);
        IPage page = await OpenAsync("/annotations?layers=20", look);
        await page.WaitForSelectorAsync("[data-panel='evidence']");

        await LooksRightAsync(page, "annotations", look);
    }

    [Fact]
    public async Task Keys_Annotate_SeveralAtOnce_AndUndo_AndNeverWhileTyping()
    {
        IPage page = await OpenAsync("/annotations?q=L20-1+L20-2+L20-3&sort=feature");
        await page.WaitForSelectorAsync("[data-desk='L20-1']");
        await page.FillAsync("#annotator-name", "Ada Lovelace");
        await page.PressAsync("#annotator-name", "Tab");
        await page.Locator("h1").First.ClickAsync();

        // None stands alone; a later label takes its place.
        await page.Keyboard.PressAsync("0");
        await page.WaitForSelectorAsync("[data-label='None'][aria-pressed='true']");
        await page.Keyboard.PressAsync("8");
        await page.WaitForSelectorAsync("[data-label='Legal'][aria-pressed='true']");
        await page.WaitForSelectorAsync("[data-label='None'][aria-pressed='false']");
        await page.Keyboard.PressAsync("Backspace");
        await page.WaitForSelectorAsync("[data-label='Legal'][aria-pressed='false']");

        await page.Keyboard.PressAsync("8");
        await page.WaitForSelectorAsync("[data-label='Legal'][aria-pressed='true']");
        await page.Keyboard.PressAsync("n");
        await page.Keyboard.TypeAsync("jku 8");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator("#annotation-notes")).Not.ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForSelectorAsync("[data-desk='L20-2']");
        await page.WaitForSelectorAsync("[data-progress]:has-text('1 of 3')");

        await page.Keyboard.PressAsync("X");
        await page.WaitForSelectorAsync("text=3 marked");
        await page.Keyboard.PressAsync("2");
        await page.WaitForSelectorAsync("[data-label='Programming'][aria-pressed='true']");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForSelectorAsync("[data-progress]:has-text('3 of 3')");

        await page.Keyboard.PressAsync("u");
        await page.WaitForSelectorAsync("[data-progress]:has-text('1 of 3')");
        await page.WaitForSelectorAsync("[data-label='Legal'][aria-pressed='true']");
        await Assertions.Expect(page.Locator("#annotation-notes")).ToHaveValueAsync("jku 8");
    }
}
