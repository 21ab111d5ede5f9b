using System.Collections.Immutable;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web.Virtualization;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Web.Features;
using RefusalExplorer.Web.Interop;

namespace RefusalExplorer.Web.Components.Pages.Features;

/// <summary>A list of features, of which only the rows in sight are made.</summary>
public sealed partial class FeatureGrid
{
    /// <summary>Rows that can be scrolled to: a browser draws nothing beyond some 17 million pixels.</summary>
    public const int MostRows = 500_000;

    private const string ListId = "feature-list";
    private const int RowHeight = 30;
    private Virtualize<FeatureRow>? _list;
    private int _generation;
    private FeatureId? _seen;

    /// <summary>The list.</summary>
    [Parameter, EditorRequired] public required FeaturesModel Model { get; set; }

    /// <summary>Feature, cosine and labels only.</summary>
    [Parameter] public bool Compact { get; set; }

    /// <summary>Whose labels alone are shown, or null for everybody's.</summary>
    [Parameter] public Func<FeatureId, ImmutableArray<string>>? LabelsOf { get; set; }

    /// <summary>Another search is wanted.</summary>
    [Parameter] public EventCallback<FeatureQuery> OnQuery { get; set; }

    [Inject] public required BrowserInterop Browser { get; init; }

    private FeatureQuery Cleared => new() { Model = Model.Query.Model, Direction = Model.Query.Direction };

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        bool other = _generation != Model.Generation;
        _generation = Model.Generation;
        if (other && _list is not null)
        {
            await _list.RefreshDataAsync();
            StateHasChanged();
        }
        if (Model.Place >= 0 && (other || _seen != Model.Selected))
        {
            _seen = Model.Selected;
            await Browser.ScrollToRowAsync(ListId, Model.Place, RowHeight);
        }
    }

    private ValueTask<ItemsProviderResult<FeatureRow>> Provide(ItemsProviderRequest request) =>
        ValueTask.FromResult(new ItemsProviderResult<FeatureRow>(Model.Rows(request.StartIndex, request.Count), Math.Min(Model.Count, MostRows)));

    private IEnumerable<(string Label, int Annotators)> Labels(FeatureRow row) =>
        LabelsOf is { } of ? of(row.Feature).Select(l => (l, 1)) : row.Labels;

    private Task SortAsync(FeatureOrder order) => OnQuery.InvokeAsync(Model.Query with
    {
        Order = order,
        // Numbers are first wanted from the largest, features from the first.
        Descending = Model.Query.Order == order ? !Model.Query.Descending : order != FeatureOrder.Feature,
    });

    private string Sorted(FeatureOrder order) => Model.Query.Order != order ? "none" : Model.Query.Descending ? "descending" : "ascending";

    private string Arrow(FeatureOrder order) => Model.Query.Order != order ? "" : Model.Query.Descending ? "↓" : "↑";
}
