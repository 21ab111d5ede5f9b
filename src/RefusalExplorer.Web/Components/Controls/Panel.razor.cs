using Microsoft.AspNetCore.Components;
using RefusalExplorer.Web.Interop;

namespace RefusalExplorer.Web.Components.Controls;

/// <summary>A part of a page with a heading; it can fill the window.</summary>
public sealed partial class Panel : IAsyncDisposable
{
    private bool _maximised;
    private bool _toggled;
    private IAsyncDisposable? _keys;

    /// <summary>Its heading.</summary>
    [Parameter, EditorRequired] public required string Title { get; set; }

    /// <summary>Value of <c>data-panel</c>; the title if left out.</summary>
    [Parameter] public string? Name { get; set; }

    /// <summary>A few quiet words beside the heading ("12 of 50 shown").</summary>
    [Parameter] public string? Note { get; set; }

    /// <summary>Further classes.</summary>
    [Parameter] public string? Class { get; set; }

    /// <summary>Buttons at its right.</summary>
    [Parameter] public RenderFragment? Actions { get; set; }

    [Parameter] public RenderFragment? ChildContent { get; set; }

    [Inject] public required BrowserInterop Browser { get; init; }

    [Inject] public required HotkeyService Hotkeys { get; init; }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_toggled)
            return;
        _toggled = false;
        // Charts follow the window's size, not their panel's.
        await Browser.TellResizedAsync();
    }

    private async Task ToggleAsync()
    {
        (_maximised, _toggled) = (!_maximised, true);
        if (_maximised)
            _keys = await Hotkeys.RegisterAsync(new Hotkey("Escape", $"Restore {Title}", () => InvokeAsync(RestoreAsync)));
        else
            await ForgetKeysAsync();
    }

    private async Task RestoreAsync()
    {
        if (_maximised)
            await ToggleAsync();
        StateHasChanged();
    }

    private async Task ForgetKeysAsync()
    {
        if (Interlocked.Exchange(ref _keys, null) is { } keys)
            await keys.DisposeAsync();
    }

    public async ValueTask DisposeAsync() => await ForgetKeysAsync();
}
