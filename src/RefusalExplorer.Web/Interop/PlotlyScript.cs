using Microsoft.JSInterop;
using Plotly.Blazor;

namespace RefusalExplorer.Web.Interop;

/// <summary>
/// Loads Plotly into the window, once. Charts wait for it: Plotly.Blazor keeps the calls of charts that come earlier in one list and runs it when
/// the script is there, and the first of them whose chart has left the page meanwhile throws, so that none after it is ever drawn.
/// </summary>
public sealed class PlotlyScript(IJSRuntime js)
{
    private Task? _loading;

    /// <summary>Whether charts can be drawn now.</summary>
    public bool Loaded => _loading is { IsCompletedSuccessfully: true };

    /// <summary>Ends once charts can be drawn; fails with a <see cref="JSException"/> where the browser cannot load the script.</summary>
    public Task LoadAsync() => _loading ??= LoadNowAsync();

    private async Task LoadNowAsync()
    {
#pragma warning disable BL0005 // No component is rendered: its id alone is used, of an element that is nowhere.
        var nowhere = new PlotlyChart { Id = "plotly-nowhere" };
#pragma warning restore BL0005
        await using var interop = new PlotlyJsInterop(js, nowhere, useBasicVersion: false);
        // Its constructor loads the script; the first call waits for that, and purging what is nowhere does nothing.
        await interop.Purge(CancellationToken.None);
    }
}
