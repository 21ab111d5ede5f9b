using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Web;
using MudBlazor;
using RefusalExplorer.Web.Components.Dialogs;
using RefusalExplorer.Web.Interop;
using RefusalExplorer.Web.Theme;

namespace RefusalExplorer.Web.Components.Layout;

/// <summary>The frame of all pages.</summary>
public sealed partial class MainLayout : IAsyncDisposable
{
    private ErrorBoundary? _boundary;
    private IAsyncDisposable? _keys;

    [Inject] public required ThemeState ThemeState { get; init; }

    [Inject] public required BrowserInterop Browser { get; init; }

    [Inject] public required HotkeyService Hotkeys { get; init; }

    [Inject] public required IDialogService Dialogs { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    protected override void OnInitialized()
    {
        ThemeState.Changed += Refresh;
        Navigation.LocationChanged += OnLocationChanged;
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
            return;
        await ThemeState.ReadAsync();
        _keys = await Hotkeys.RegisterAsync(new Hotkey("?", "Show the keys", ShowKeysAsync));
        await Browser.MarkInteractiveAsync();
    }

    private async Task ShowKeysAsync() =>
        await InvokeAsync(() => Dialogs.ShowAsync<KeysDialog>("Keys", new DialogOptions { CloseOnEscapeKey = true, MaxWidth = MaxWidth.ExtraSmall, FullWidth = true }));

    private void Recover() => _boundary?.Recover();

    private void OnLocationChanged(object? sender, LocationChangedEventArgs e) => InvokeAsync(Recover);

    private void Refresh() => InvokeAsync(StateHasChanged);

    public async ValueTask DisposeAsync()
    {
        ThemeState.Changed -= Refresh;
        Navigation.LocationChanged -= OnLocationChanged;
        if (_keys is not null)
            await _keys.DisposeAsync();
    }
}
