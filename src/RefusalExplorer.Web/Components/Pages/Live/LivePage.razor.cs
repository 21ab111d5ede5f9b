using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Web.Components.Layout;
using RefusalExplorer.Web.Interop;
using RefusalExplorer.Web.Live;

namespace RefusalExplorer.Web.Components.Pages.Live;

/// <summary>Leads a demonstration; all it shows is in the session, which outlives the page.</summary>
public sealed partial class LivePage : IAsyncDisposable
{
    private const string RootId = "live";
    private readonly Coalescer _render = new(TimeSpan.FromMilliseconds(33));
    private LiveSession? _session;
    private LiveBar? _bar;
    private IAsyncDisposable? _keys;
    private string? _error;
    private bool _gone;

    /// <summary>The presenter's key of the demonstration.</summary>
    [Parameter] public string? Key { get; set; }

    [Inject] public required LiveSessions Sessions { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    [Inject] public required HotkeyService Hotkeys { get; init; }

    protected override void OnParametersSet()
    {
        if (Key == _session?.Key)
            return;
        Watch(Key is not null && Sessions.TryLead(Key, out LiveSession? session) ? session : null);
        _gone = Key is not null && _session is null;
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
            _keys = await Hotkeys.RegisterAsync(new Hotkey("Escape", "Close the audience's link, else stop the answers", () => InvokeAsync(Escape)));
    }

    // What is open on top goes first.
    private void Escape()
    {
        if (_bar?.CloseLink() != true)
            _session?.Stop();
    }

    private void StartAsync(LiveSetup.Choice choice)
    {
        try
        {
            LiveSession session = Sessions.Start(choice.Model, choice.Blur);
            session.Move(choice.Sliders);
            _error = null;
            Watch(session);
            Navigation.NavigateTo($"/live/{session.Key}");
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
    }

    private void End()
    {
        if (_session is not null)
            Sessions.Close(_session);
        Watch(null);
        Navigation.NavigateTo("/live");
    }

    private void Show(string? error) => _error = error;

    private void Watch(LiveSession? session)
    {
        if (_session is not null)
            _session.Changed -= OnChanged;
        _session = session;
        if (_session is not null)
            _session.Changed += OnChanged;
    }

    private void OnChanged() => _render.Request(() => InvokeAsync(StateHasChanged));

    public async ValueTask DisposeAsync()
    {
        Watch(null);
        _render.Dispose();
        if (_keys is not null)
            await _keys.DisposeAsync();
    }
}
