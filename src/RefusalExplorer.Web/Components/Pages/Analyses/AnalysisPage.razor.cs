using System.Collections.Immutable;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Analyses;
using RefusalExplorer.Web.Components.Layout;
using RefusalExplorer.Web.Interop;

namespace RefusalExplorer.Web.Components.Pages.Analyses;

/// <summary>One analysis: its form, its run, its result. All it knows is in the model.</summary>
public sealed partial class AnalysisPage : IAsyncDisposable
{
    private const int MostEarlier = 8;

    private readonly Coalescer _render = new();
    private AnalysisModel? _model;
    private IAsyncDisposable? _keys;
    private ImmutableArray<RunHeader> _earlier = [];
    private string? _notice;
    private string? _shownUrl;

    /// <summary>Id of the analysis.</summary>
    [Parameter, EditorRequired] public required string Name { get; set; }

    /// <summary>The run that the address names.</summary>
    [Parameter] public string? RunId { get; set; }

    [Inject] public required AnalysisCatalog Catalog { get; init; }

    [Inject] public required AnalysisRequests Requests { get; init; }

    [Inject] public required AnalysisRuns Runs { get; init; }

    [Inject] public required BrowserInterop Browser { get; init; }

    [Inject] public required HotkeyService Hotkeys { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    private AnalysisModel Model => _model ??= new AnalysisModel(Catalog, Requests, Runs);

    private string Status => Model.Live?.Status.ToString().ToLowerInvariant() ?? (Model.Stored is null ? "idle" : "stored");

    protected override void OnInitialized() => Model.Changed += OnChanged;

    protected override void OnParametersSet()
    {
        var uri = new Uri(Navigation.Uri);
        if (RunId is null)
        {
            AnalysisForm form = AnalysisUrl.Read(uri.Query, out ImmutableArray<string> problems);
            _notice = problems.IsEmpty ? null : string.Join("; ", problems);
            Model.Open(Name, form);
        }
        else if (RunId != Model.RunId || Name != Model.Analysis?.Info.Id)
        {
            _notice = null;
            Model.OpenRun(Name, RunId);
        }
        _shownUrl = uri.PathAndQuery;
        _earlier = Runs.Recent(MostEarlier, Name);
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
            return;
        _keys = await Hotkeys.RegisterAsync(
            new Hotkey("r", "Run the analysis", () => InvokeAsync(RunAsync)),
            new Hotkey("Escape", "Stop the run", () => InvokeAsync(Model.Stop)));
    }

    private async Task RunAsync()
    {
        if (await Model.RunAsync() is { } id)
            OpenRun($"/analyses/{Name}/{id}");
    }

    private void OpenRun(string url)
    {
        _shownUrl = url;
        Navigation.NavigateTo(url);
    }

    private void OnChanged() => _render.Request(() => InvokeAsync(async () =>
    {
        bool had = Model.Stored?.Result is not null;
        Model.Refresh();
        if (!had && Model.Stored?.Result is not null)
            _earlier = Runs.Recent(MostEarlier, Name);
        StateHasChanged();
        await ShowUrlAsync();
    }));

    // The address follows the form: the run's own while nothing has changed since, else the form's.
    private async Task ShowUrlAsync()
    {
        string query = AnalysisUrl.Write(Model.Form);
        string url = Model.RunId is { } id && !Model.Diverged ? $"/analyses/{Name}/{id}" : $"/analyses/{Name}{query}";
        if (url == _shownUrl || query.Length > AnalysisUrl.Longest)
            return;
        _shownUrl = url;
        await Browser.ReplaceUrlAsync(url);
    }

    public async ValueTask DisposeAsync()
    {
        Model.Changed -= OnChanged;
        _render.Dispose();
        Model.Dispose();
        if (_keys is not null)
            await _keys.DisposeAsync();
    }
}
