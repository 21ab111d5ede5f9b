using Bunit;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Web.Components.Controls;
using RefusalExplorer.Web.Interop;
using Xunit;

namespace RefusalExplorer.Web.Tests.Controls;

public sealed class PanelTests : WebTestContext
{
    private const string Resized = "refusalExplorer.tellResized";

    [Fact]
    public async Task Escape_RestoresAMaximisedPanel_AndChartsAreToldBothTimes()
    {
        HotkeyService keys = Services.GetRequiredService<HotkeyService>();
        IRenderedComponent<Panel> panel = Render<Panel>(p => p.Add(c => c.Title, "Layers"));
        Assert.Empty(keys.Keys);

        panel.Find("button[aria-label='Maximise Layers']").Click();
        panel.WaitForElement(".panel.maximised");
        panel.WaitForAssertion(() => Assert.Single(JSInterop.Invocations, i => i.Identifier == Resized));

        await keys.OnKey("Escape");

        panel.WaitForElement("button[aria-label='Maximise Layers']");
        panel.WaitForAssertion(() => Assert.Equal(2, JSInterop.Invocations.Count(i => i.Identifier == Resized)));
        Assert.Empty(panel.FindAll(".maximised"));
        Assert.Empty(keys.Keys);
    }

    [Fact]
    public async Task MaximisedPanel_ThatLeavesThePage_GivesEscapeBack()
    {
        HotkeyService keys = Services.GetRequiredService<HotkeyService>();
        IRenderedComponent<Panel> panel = Render<Panel>(p => p.Add(c => c.Title, "Layers"));
        panel.Find("button[aria-label='Maximise Layers']").Click();
        panel.WaitForAssertion(() => Assert.Single(keys.Keys));

        await DisposeComponentsAsync();

        Assert.Empty(keys.Keys);
    }
}
