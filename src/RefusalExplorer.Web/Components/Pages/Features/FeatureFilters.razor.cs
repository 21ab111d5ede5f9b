using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Components.Controls;

namespace RefusalExplorer.Web.Components.Pages.Features;

/// <summary>The conditions of a search.</summary>
public sealed partial class FeatureFilters : IDisposable
{
    /// <summary>Id of the search field, which <c>/</c> goes to.</summary>
    public const string SearchId = "explanation-search";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private CancellationTokenSource? _typing;
    private string? _model;
    private readonly TypedText _text = new();

    /// <summary>The search.</summary>
    [Parameter, EditorRequired] public required FeatureQuery Query { get; set; }

    /// <summary>The model's features, or null until they are read.</summary>
    [Parameter] public FeatureColumns? Columns { get; set; }

    /// <summary>Another search is wanted.</summary>
    [Parameter] public EventCallback<FeatureQuery> OnChange { get; set; }

    [Inject] public required ModelCatalog Models { get; init; }

    [Inject] public required Codebooks Codebooks { get; init; }

    [Inject] public required AnnotationBook Annotations { get; init; }

    [Inject] public required StudyFeatures StudyFeatures { get; init; }

    [Inject] public required IDirectionStore DirectionStore { get; init; }

    private ImmutableArray<StudyEntry> Studies { get; set; } = [];

    private ImmutableArray<StoredDirection> Directions { get; set; } = [];

    private AnnotationTable? Table => Columns is null ? null : Annotations.Of(Query.Model, Columns);

    private ImmutableArray<string> Annotators => [.. (Table?.Annotators ?? []).Append(Query.Annotator)
        .Where(a => a is not ("" or FeatureQuery.Anybody or FeatureQuery.Nobody)).Distinct(StringComparer.Ordinal)];

    private IEnumerable<string> Labels => Codebooks.Current.Labels.Select(l => l.Name).Concat(Table?.Labels ?? []).Append(Query.Label).Where(l => l.Length > 0).Distinct();

    protected override void OnParametersSet()
    {
        _text.Take(Query.Text);
        if (_model == Query.Model)
            return;
        _model = Query.Model;
        Studies = StudyFeatures.Of(_model);
        Directions = DirectionStore.List(_model);
    }

    // With the words that are typed, though the pause after them may not be over.
    private FeatureQuery Current => Query with { Text = _text.Value };

    private Task SetAsync(FeatureQuery query)
    {
        _typing?.Cancel();
        _text.Type(query.Text);
        _text.Tell();
        return OnChange.InvokeAsync(query);
    }

    private Task ToggleAsync(int layer) => SetAsync(Current with
    {
        Layers = Query.Layers.Contains(layer) ? Query.Layers.Remove(layer) : [.. Query.Layers.Add(layer).Order()],
    });

    // Each key asks again; only the last one in a pause is searched for.
    private async Task Later(string? text)
    {
        _text.Type(text);
        _typing?.Cancel();
        _typing = new CancellationTokenSource();
        try
        {
            await Task.Delay(Pause, _typing.Token);
            await OnChange.InvokeAsync(Query with { Text = _text.Tell() });
        }
        catch (OperationCanceledException)
        {
            // Another key came.
        }
    }

    private static string Text(float? value) => value?.ToString("0.######", CultureInfo.InvariantCulture) ?? "";

    private static float? Number(ChangeEventArgs e) =>
        float.TryParse((string?)e.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && float.IsFinite(value) ? value : null;

    public void Dispose()
    {
        _typing?.Cancel();
        _typing?.Dispose();
    }
}
