using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Web.Features;
using RefusalExplorer.Web.Interop;

namespace RefusalExplorer.Web.Components.Pages.Features;

/// <summary>Everything that is known of a feature.</summary>
public sealed partial class FeaturePage : IAsyncDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private FeatureId? _feature;
    private FeatureFacts _facts = new();
    private FeatureColumns? _columns;
    private IAsyncDisposable? _keys;
    private double? _cosine, _density, _max;
    private string? _error, _busy;

    /// <summary>A configured model's name.</summary>
    [Parameter] public string Model { get; set; } = "";

    /// <summary>The feature as the address writes it: <c>L12-98914</c>.</summary>
    [Parameter] public string Name { get; set; } = "";

    [Inject] public required FeatureFactsReader Reader { get; init; }

    [Inject] public required FeatureCatalog Catalog { get; init; }

    [Inject] public required HotkeyService Hotkeys { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    private string Subtitle => $"{Model}, residual stream after block {_feature?.Layer}";

    protected override async Task OnParametersSetAsync()
    {
        (_error, _cosine, _feature) = (null, null, FeatureId.TryParse(Name, null, out FeatureId feature) ? feature : null);
        if (_feature is null)
        {
            _error = $"'{Name}' is no feature: expected L<layer>-<index>, for example L12-98";
            return;
        }
        _facts = Reader.Read(Model, feature);
        (_density, _max) = (_facts.Dashboard?.Density, _facts.Dashboard?.Max);
        _busy = "being read…";
        StateHasChanged();
        try
        {
            _columns = (await Catalog.IndexAsync(Model, cancellation: _gone.Token)).Columns;
            int row = _columns.Row(feature);
            if (row < 0)
            {
                (_feature, _error) = (null, $"{feature}: {Model} has SAEs at layers {string.Join(", ", _columns.Layers.Select(l => $"{l.Layer} ({l.Features} features)"))}");
                return;
            }
            _cosine = float.IsNaN(_columns.Cosine[row]) ? null : _columns.Cosine[row];
            _density ??= float.IsNaN(_columns.Density[row]) ? null : _columns.Density[row];
            _max ??= float.IsNaN(_columns.Max[row]) ? null : _columns.Max[row];
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
        catch (OperationCanceledException)
        {
            // The page is gone.
        }
        finally
        {
            _busy = null;
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
            return;
        _keys = await Hotkeys.RegisterAsync(
            new Hotkey("a", "Ablate it in Explore", () => Explore(InterventionOp.Ablate)),
            new Hotkey("c", "Clamp it in Explore", () => Explore(InterventionOp.Clamp)),
            new Hotkey("j", "Next feature", () => Go(1)),
            new Hotkey("k", "Feature before it", () => Go(-1)));
    }

    private Task Explore(InterventionOp op) => InvokeAsync(() =>
    {
        if (_feature is { } feature)
            Navigation.NavigateTo(ExploreLinks.To(Model, [feature], op));
    });

    private Task Go(int by) => InvokeAsync(() =>
    {
        if (_feature is { } feature && feature.Index + by >= 0)
            Navigation.NavigateTo(FeatureHref.Of(Model, new FeatureId(feature.Layer, feature.Index + by)));
    });

    private static string Occurs(StudyOccurrence where)
    {
        string[] parts =
        [
            .. where.Minimal > 0 ? (string[])[$"in the minimal sets of {where.Minimal} prompts{(where.Silent > 0 ? $", silent on {where.Silent}" : "")}"] : [],
            .. where.Added > 0 ? (string[])[$"added by Stage 3 for {where.Added}"] : [],
        ];
        return string.Join("; ", parts);
    }

    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        _gone.Dispose();
        if (_keys is not null)
            await _keys.DisposeAsync();
    }
}
