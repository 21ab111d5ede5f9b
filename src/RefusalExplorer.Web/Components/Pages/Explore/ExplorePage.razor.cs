using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Components.Layout;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Interop;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Components.Pages.Explore;

/// <summary>Removes a refusal by editing features, and shows why it went. All it knows is in the model; the panels show parts of it.</summary>
public sealed partial class ExplorePage : IAsyncDisposable
{
    private readonly Coalescer _render = new();
    private ExploreModel? _model;
    private IAsyncDisposable? _keys;
    private string? _shownUrl;
    private string? _notice;

    /// <summary>The run that the address names.</summary>
    [Parameter] public string? RunId { get; set; }

    [Inject] public required IExploreCatalog Catalog { get; init; }

    [Inject] public required SuggestionCache Suggestions { get; init; }

    [Inject] public required ExperimentRuns Runs { get; init; }

    [Inject] public required CacheChecks Checks { get; init; }

    [Inject] public required BrowserInterop Browser { get; init; }

    [Inject] public required HotkeyService Hotkeys { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    private ExploreModel Model => _model ??= new ExploreModel(Catalog, Suggestions, Runs, Checks);

    private string Status => Model.Live?.Status.ToString().ToLowerInvariant() ?? (Model.View is null ? "idle" : "stored");

    protected override void OnInitialized() => Model.Changed += OnChanged;

    protected override void OnParametersSet()
    {
        var uri = new Uri(Navigation.Uri);
        if (_shownUrl is null || RunId is null || RunId != Model.RunId)
        {
            ExploreState state = ExploreUrl.Read(uri.Query, out var problems);
            _notice = problems.IsEmpty ? null : string.Join("; ", problems);
            if (RunId is null)
                Model.Open(state);
            else if (RunId != Model.RunId)
                Model.OpenRun(RunId);
        }
        _shownUrl = uri.PathAndQuery;
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
            return;
        _keys = await Hotkeys.RegisterAsync(
            new Hotkey("r", "Run", () => InvokeAsync(RunAsync)),
            new Hotkey("Escape", "Stop the run", Do(Model.Stop)),
            new Hotkey("j", "Next feature of the cart", Do(() => Model.SelectNext(1))),
            new Hotkey("k", "Feature before it", Do(() => Model.SelectNext(-1))),
            new Hotkey("a", "Ablate the selected feature's group", () => InvokeAsync(() => Model.ApplyAsync(InterventionOp.Ablate))),
            new Hotkey("c", "Clamp the selected feature's group", () => InvokeAsync(() => Model.ApplyAsync(InterventionOp.Clamp))),
            new Hotkey("/", "Search or add features", CartPanel.SearchId));
    }

    private async Task RunAsync()
    {
        if (!Model.Ready && Model.State.Groups.Any(g => g.Source == GroupSource.Suggested))
            return;
        if (await Model.RunAsync() is { } id)
        {
            _shownUrl = $"/explore/{id}";
            Navigation.NavigateTo(_shownUrl);
        }
    }

    private void OnChanged() => _render.Request(() => InvokeAsync(async () =>
    {
        Model.Refresh();
        StateHasChanged();
        await ShowUrlAsync();
    }));

    // The address follows the state: the run's own while nothing has changed since, else the state's.
    private async Task ShowUrlAsync()
    {
        string query = ExploreUrl.Write(Model.State);
        string url = Model.RunId is { } id && !Model.Diverged
            ? $"/explore/{id}{(Model.State.Selected is { } f ? $"?f={f}" : "")}"
            : "/" + query;
        _notice = query.Length > ExploreUrl.Longest
            ? "This is too long for the address: run it, and the run's link will hold all of it."
            : _notice;
        if (url == _shownUrl || query.Length > ExploreUrl.Longest)
            return;
        _shownUrl = url;
        await Browser.ReplaceUrlAsync(url);
    }

    private Func<Task> Do(Action action) => () => InvokeAsync(action);

    public async ValueTask DisposeAsync()
    {
        Model.Changed -= OnChanged;
        _render.Dispose();
        Model.Dispose();
        if (_keys is not null)
            await _keys.DisposeAsync();
    }
}
