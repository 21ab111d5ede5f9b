using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Probing;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Components.Controls;
using RefusalExplorer.Web.Components.Layout;
using RefusalExplorer.Web.Interop;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Components.Pages.Runs;

/// <summary>All stored runs; the filter is in the address.</summary>
public sealed partial class RunsPage : IAsyncDisposable
{
    private const string SearchId = "run-search";

    private readonly Coalescer _refresh = new(TimeSpan.FromMilliseconds(200));
    private ImmutableArray<RunHeader> _all = [];
    private ImmutableArray<RunHeader> _matching = [];
    private ImmutableArray<string> _picked = [];
    private long _total;
    private RunFilter _filter = new();
    private string? _deleting;
    private string? _error;
    private IAsyncDisposable? _keys;

    [Inject] public required IRunStore Store { get; init; }

    [Inject] public required RunHub Hub { get; init; }

    [Inject] public required StudyService Studies { get; init; }

    [Inject] public required BrowserInterop Browser { get; init; }

    [Inject] public required HotkeyService Hotkeys { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    private ImmutableArray<RunHeader> Rows => [.. _matching.Take(_filter.Shown)];

    private string ShownText => _all.IsEmpty ? ""
        : $"{Rows.Length} of {_total} shown{(_matching.Length < _all.Length ? $"; {_all.Length - _matching.Length} hidden by the filter" : "")}";

    private string? CompareLink => _picked.Length == 2 ? $"/runs/compare?a={Uri.EscapeDataString(_picked[0])}&b={Uri.EscapeDataString(_picked[1])}" : null;

    private string CompareText => _picked.Length switch { 0 => "Compare: tick two runs", 1 => "Compare: tick one more", _ => "Compare the two" };

    protected override void OnInitialized()
    {
        _filter = RunFilter.FromQuery(new Uri(Navigation.Uri).Query);
        Hub.Changed += OnHubChanged;
        Load();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
            _keys = await Hotkeys.RegisterAsync(new Hotkey("/", "Filter the runs", SearchId));
    }

    private bool Waits(RunHeader run) => run.Kind == StudyLibrary.Kind && Studies.Waits(run.Id);

    private LiveRun? Live(RunHeader run) => Hub.TryGet(run.Id, out LiveRun? live) && live.Status == LiveStatus.Running ? live : null;

    private void Load()
    {
        try
        {
            Page<RunHeader> page = Store.List(new RunQuery { Take = RunFilter.MostRead });
            (_all, _total, _error) = (page.Items, page.Total, null);
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
        _matching = _filter.Apply(_all);
    }

    private async Task Show(RunFilter filter)
    {
        _filter = filter;
        _matching = filter.Apply(_all);
        await Browser.ReplaceUrlAsync("/runs" + filter.ToQuery());
    }

    private Task ChooseStatus(ChangeEventArgs e) =>
        Show(_filter with { Status = Enum.TryParse((string?)e.Value, out RunStatus status) ? status : null });

    // A third takes the place of the first, so that one need not untick.
    private void Pick(string id, bool picked) =>
        _picked = picked ? [.. _picked.Append(id).TakeLast(2)] : _picked.Remove(id);

    private async Task DeleteAsync(string id)
    {
        try
        {
            await Store.DeleteAsync(id);
            _picked = _picked.Remove(id);
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
        _deleting = null;
        Load();
    }

    private Task SaveCsvAsync() => Browser.DownloadAsync("runs.csv", Exports.CsvType, Exports.Csv(
        ["id", "kind", "status", "model", "title", "created_at", "reason"],
        Rows.Select(r => (IEnumerable<object?>)[r.Id, r.Kind, r.Status, r.Model, r.Title, r.CreatedAt.ToString("O"), r.Reason])));

    private Task SaveJsonAsync() => Browser.DownloadAsync("runs.json", Exports.JsonType, JsonSerializer.Serialize(Rows, ProbeJson.Options));

    private void OnHubChanged() => _refresh.Request(() => InvokeAsync(() =>
    {
        Load();
        StateHasChanged();
    }));

    public async ValueTask DisposeAsync()
    {
        Hub.Changed -= OnHubChanged;
        _refresh.Dispose();
        if (_keys is not null)
            await _keys.DisposeAsync();
    }
}
