using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Data.Hub;
using RefusalExplorer.Data.Inventory;
using RefusalExplorer.Engine;
using RefusalExplorer.Web.Components.Layout;
using RefusalExplorer.Web.Models;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Components.Pages.Models;

/// <summary>Fetches what a model lacks from the hub. Nothing is asked of it before a button is pressed.</summary>
public sealed partial class PullSection : IDisposable
{
    private RunWatch _watch = null!;
    private ImmutableArray<HubPlan> _plans;
    private string? _layers, _error;
    private HubFault? _fault;
    private bool _asking;

    /// <summary>The model.</summary>
    [Parameter, EditorRequired] public required ModelFacts Facts { get; set; }

    /// <summary>Files have come.</summary>
    [Parameter] public EventCallback OnDone { get; set; }

    [Inject] public required PullRuns Pulls { get; init; }

    [Inject] public required HubOptions Hub { get; init; }

    private LiveRun<PullState>? Run => Pulls.Of(Facts.Model.Name);

    private string LayersId => $"layers-{Facts.Model.Name}";

    protected override void OnInitialized() =>
        _watch = new RunWatch(InvokeAsync, StateHasChanged, () => OnDone.InvokeAsync(), TimeSpan.FromMilliseconds(250));

    protected override void OnParametersSet() => _watch.Follow(Run);

    private static double? Share(PullState state)
    {
        if (state.Progress is not { Total: > 0 } p)
            return null;
        return (state.Done.Length + ((double)p.Done / p.Total)) / state.Requests.Length;
    }

    private static string Finished(PullState state) => string.Create(CultureInfo.InvariantCulture,
        $"Done: {state.Done.Sum(d => d.Files.Length)} files, {ByteSize.Text(state.Done.Sum(d => d.Size))}, of which {ByteSize.Text(state.Done.Sum(d => d.Fetched))} were fetched, hashes checked.");

    private void SetLayers(string? text) => (_layers, _plans, _error) = (text, default, null);

    private async Task PlanAsync()
    {
        (_error, _fault, _plans) = (null, null, default);
        if (!TryLayers(out ImmutableSortedSet<int>? layers))
            return;
        _asking = true;
        try
        {
            _plans = await Pulls.PlanAsync(Facts.Model, layers);
        }
        catch (EngineException e)
        {
            (_error, _fault) = (e.Message, (e as HubException)?.Fault);
        }
        finally
        {
            _asking = false;
        }
    }

    private void Start()
    {
        (_error, _fault, _plans) = (null, null, default);
        if (!TryLayers(out ImmutableSortedSet<int>? layers))
            return;
        try
        {
            Pulls.Start(Facts.Model, layers);
            _watch.Follow(Run);
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
    }

    private bool TryLayers(out ImmutableSortedSet<int>? layers)
    {
        layers = LayerList.Read(_layers, out _error);
        return _error is null;
    }

    /// <inheritdoc/>
    public void Dispose() => _watch.Dispose();
}
