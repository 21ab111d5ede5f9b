using System.Globalization;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Web.Components.Controls;
using RefusalExplorer.Web.Components.Layout;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Features;
using RefusalExplorer.Web.Interop;

namespace RefusalExplorer.Web.Components.Pages.Features;

/// <summary>All features of a model: filtered, sorted, exported, taken to Explore or to the annotation desk.</summary>
public sealed partial class FeaturesPage : IAsyncDisposable
{
    private readonly Coalescer _render = new();
    private FeaturesModel _model = null!;
    private IAsyncDisposable? _keys;
    private string? _shownUrl, _notice;

    [Inject] public required FeatureCatalog Catalog { get; init; }

    [Inject] public required FeatureSearch Search { get; init; }

    [Inject] public required FeatureRows Rows { get; init; }

    [Inject] public required AnnotationBook Annotations { get; init; }

    [Inject] public required BrowserInterop Browser { get; init; }

    [Inject] public required HotkeyService Hotkeys { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    private string Subtitle => $"Every feature of {_model.Query.Model}'s SAEs, by its cosine to the refusal direction, its density and its meaning.";

    private string AnnotateHref => "/annotations" + FeatureQueryUrl.Write(_model.Query, _model.Selected);

    private string Shown => _model.Busy ?? (_model.Index is { } index
        ? $"{Whole(_model.Count)} of {Whole(index.Columns.Count)} features shown{(_model.Query.Conditions is > 0 and int n ? $"; the rest hidden by {n} {(n == 1 ? "filter" : "filters")}" : "")}"
        : "");

    protected override void OnInitialized()
    {
        _model = new FeaturesModel(Catalog, Search, Rows);
        _model.Changed += OnChanged;
        Annotations.Changed += OnAnnotated;
    }

    protected override async Task OnParametersSetAsync()
    {
        var uri = new Uri(Navigation.Uri);
        if (uri.PathAndQuery == _shownUrl)
            return;
        _shownUrl = uri.PathAndQuery;
        (FeatureQuery query, FeatureId? selected, var problems) = FeatureQueryUrl.Read(uri.Query);
        _notice = problems.IsEmpty ? null : string.Join("; ", problems);
        await _model.SearchAsync(query, selected);
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
            return;
        _keys = await Hotkeys.RegisterAsync(
            new Hotkey("j", "Next feature", () => InvokeAsync(() => _model.Step(1))),
            new Hotkey("k", "Feature before it", () => InvokeAsync(() => _model.Step(-1))),
            new Hotkey("x", "Mark the feature", () => InvokeAsync(() => { if (_model.Selected is { } f) _model.Mark(f); })),
            new Hotkey("a", "Ablate it, or the marked ones, in Explore", () => InvokeAsync(() => Explore(InterventionOp.Ablate))),
            new Hotkey("c", "Clamp it, or the marked ones, in Explore", () => InvokeAsync(() => Explore(InterventionOp.Clamp))),
            new Hotkey("Enter", "Open the feature's page", () => InvokeAsync(Open)),
            new Hotkey("/", "Search explanations", FeatureFilters.SearchId));
    }

    private Task ShowAsync(FeatureQuery query)
    {
        _notice = null;
        return _model.SearchAsync(query);
    }

    private void Explore(InterventionOp op)
    {
        if (_model.Chosen is not { IsEmpty: false } chosen)
            return;
        if (chosen.Length > ExploreLimits.MostFeatures)
            _notice = $"{chosen.Length} features are marked; Explore takes at most {ExploreLimits.MostFeatures}: clear some";
        else
            Navigation.NavigateTo(ExploreLinks.To(_model.Query.Model, chosen, op));
    }

    private void Open()
    {
        if (_model.Selected is { } feature)
            Navigation.NavigateTo(FeatureHref.Of(_model.Query.Model, feature));
    }

    private async Task ExportAsync(bool json)
    {
        if (_model.Index is not { } index)
            return;
        FeatureQuery query = _model.Query;
        string name = $"features-{query.Model}";
        string text = await Task.Run(() => json
            ? FeatureExports.JsonOf(query, index.Columns.Count, _model.Rows(0, _model.Count))
            : FeatureExports.Csv(_model.Rows(0, _model.Count)));
        await Browser.DownloadAsync(name + (json ? ".json" : ".csv"), json ? Exports.JsonType : Exports.CsvType, text);
    }

    private void OnChanged() => _render.Request(() => InvokeAsync(async () =>
    {
        StateHasChanged();
        string url = "/features" + FeatureQueryUrl.Write(_model.Query, _model.Place > 0 ? _model.Selected : null);
        if (url == _shownUrl || _model.Busy is not null)
            return;
        _shownUrl = url;
        await Browser.ReplaceUrlAsync(url);
    }));

    // What is shown of a row may have changed; where labels are searched for, the list too.
    private void OnAnnotated() => InvokeAsync(_model.RefreshAsync);

    private static string Whole(int number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        Annotations.Changed -= OnAnnotated;
        _model.Changed -= OnChanged;
        _render.Dispose();
        _model.Dispose();
        if (_keys is not null)
            await _keys.DisposeAsync();
    }
}
