using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Plotly.Blazor;
using RefusalExplorer.Web.Charts;
using RefusalExplorer.Web.Components.Layout;
using RefusalExplorer.Web.Interop;
using RefusalExplorer.Web.Theme;

namespace RefusalExplorer.Web.Components.Controls;

/// <summary>Draws a figure in the theme's colours, again when figure or theme change, a few times a second at most.</summary>
public sealed partial class Chart : IDisposable
{
    // 4 redraws a second: Plotly lays the whole chart out again each time.
    private readonly Coalescer _redraw = new(TimeSpan.FromMilliseconds(250));
    private PlotlyChart? _chart;
    private Config _config = FigurePlot.Config;
    private Plotly.Blazor.Layout _layout = new();
    private IList<ITrace> _data = [];
    private Figure? _shown;
    private bool _plotly;
    private bool _drawn;
    private string? _error;

    /// <summary>What it shows.</summary>
    [Parameter, EditorRequired] public required Figure Figure { get; set; }

    /// <summary>Value of <c>data-chart</c>.</summary>
    [Parameter] public string? Name { get; set; }

    /// <summary>Height in pixels.</summary>
    [Parameter] public int Height { get; set; } = 220;

    /// <summary>Further classes.</summary>
    [Parameter] public string? Class { get; set; }

    [Inject] public required ThemeState ThemeState { get; init; }

    [Inject] public required PlotlyScript Script { get; init; }

    protected override void OnInitialized()
    {
        ThemeState.Changed += Redraw;
        _plotly = Script.Loaded;
        Lay();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender || _plotly)
            return;
        try
        {
            await Script.LoadAsync();
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
        {
            return; // The window was closed.
        }
        catch (JSException)
        {
            _error = "This chart cannot be drawn: the browser could not load Plotly from this dashboard. Reload the page.";
        }
        _plotly = _error is null;
        StateHasChanged();
    }

    protected override void OnParametersSet()
    {
        if (_shown is not null && !_shown.Equals(Figure))
            Redraw();
        _shown = Figure;
    }

    private void Lay()
    {
        _layout = FigurePlot.Layout(Figure, ThemeState.Palette);
        _data = FigurePlot.Traces(Figure, ThemeState.Palette);
    }

    private void Drawn()
    {
        if (_drawn)
            return;
        _drawn = true;
        // Figure or theme may have changed while Plotly was loading.
        Redraw();
    }

    private void Redraw() => _redraw.Request(() => InvokeAsync(RedrawNowAsync));

    private async Task RedrawNowAsync()
    {
        Lay();
        StateHasChanged();
        if (!_drawn || _chart is null)
            return;
        // Colours live in traces and layout alike, so React, which redraws both.
        await _chart.React();
    }

    public void Dispose()
    {
        ThemeState.Changed -= Redraw;
        _redraw.Dispose();
    }
}
