using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using MudBlazor.Services;
using RefusalExplorer.Web.Interop;
using RefusalExplorer.Web.Theme;

namespace RefusalExplorer.Web.Tests;

/// <summary>A bUnit context with what every page needs: MudBlazor, its popovers, the browser's side faked loosely.</summary>
public abstract class WebTestContext : BunitContext
{
    protected WebTestContext()
    {
        JSInterop.Mode = JSRuntimeMode.Loose;
        // A busy machine takes its time to compile what a test meets first.
        DefaultWaitTimeout = TimeSpan.FromSeconds(120);
        Services.AddMudServices(o => o.PopoverOptions.CheckForPopoverProvider = false);
        Services.AddScoped<BrowserInterop>();
        Services.AddScoped<PlotlyScript>();
        Services.AddScoped<ThemeState>();
        Services.AddScoped<HotkeyService>();
    }

    /// <summary>Renders a page below MudBlazor's providers.</summary>
    protected IRenderedComponent<T> RenderPage<T>(Action<ComponentParameterCollectionBuilder<T>>? parameters = null)
        where T : IComponent
    {
        Render<MudPopoverProvider>();
        return Render(parameters);
    }
}
