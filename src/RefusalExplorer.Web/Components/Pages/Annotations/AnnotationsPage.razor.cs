using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Annotations;
using RefusalExplorer.Web.Components.Layout;
using RefusalExplorer.Web.Components.Pages.Features;
using RefusalExplorer.Web.Features;
using RefusalExplorer.Web.Interop;

namespace RefusalExplorer.Web.Components.Pages.Annotations;

/// <summary>The annotation desk: a queue of features, what is known of the one at hand, and labels under keys.</summary>
public sealed partial class AnnotationsPage : IAsyncDisposable
{
    private const int MostMarked = 5000;
    private readonly Coalescer _render = new();
    private FeaturesModel _model = null!;
    private Codebook _codebook = Codebook.Paper;
    private FeatureFacts _facts = new();
    private ImmutableArray<string> _labels = [];
    private string _notes = "";
    private double? _confidence;
    private FeatureId? _shown;
    private (int Generation, HashSet<int> Rows)? _listed;
    private IAsyncDisposable? _keys;
    private string? _shownUrl, _error, _said;
    private bool _editing, _others;

    [Inject] public required FeatureCatalog Catalog { get; init; }

    [Inject] public required FeatureSearch Search { get; init; }

    [Inject] public required FeatureRows Rows { get; init; }

    [Inject] public required FeatureFactsReader Reader { get; init; }

    [Inject] public required AnnotationBook Book { get; init; }

    [Inject] public required AnnotationImport Importer { get; init; }

    [Inject] public required Codebooks Codebooks { get; init; }

    [Inject] public required AnnotatorName Name { get; init; }

    [Inject] public required BrowserInterop Browser { get; init; }

    [Inject] public required HotkeyService Hotkeys { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    private AnnotationTable? Table => _model.Index is { } index ? Book.Of(_model.Query.Model, index.Columns) : null;

    private Annotation? Own => _model.Selected is { } feature ? Table?.Of(feature, Name.Value) : null;

    private string Position => $"{Whole(_model.Place + 1)} of {Whole(_model.Count)}";

    private string Progress
    {
        get
        {
            if (_model.Matches is not { } matches || Table is not { } table)
                return "";
            if (_listed?.Generation != _model.Generation)
                _listed = (_model.Generation, [.. matches.Rows]);
            int done = Name.Value.Length == 0 ? 0 : table.Features(Name.Value, null).Count(f => _listed.Value.Rows.Contains(_model.Index!.Columns.Row(f)));
            return $"{Whole(done)} of {Whole(_model.Count)} annotated by you";
        }
    }

    protected override void OnInitialized()
    {
        _model = new FeaturesModel(Catalog, Search, Rows);
        _model.Changed += OnChanged;
        Book.Changed += OnChanged;
        Codebooks.Changed += OnCodebook;
        _codebook = Codebooks.Current;
    }

    protected override async Task OnParametersSetAsync()
    {
        var uri = new Uri(Navigation.Uri);
        if (uri.PathAndQuery == _shownUrl)
            return;
        _shownUrl = uri.PathAndQuery;
        (FeatureQuery query, FeatureId? selected, var problems) = FeatureQueryUrl.Read(uri.Query);
        _error = problems.IsEmpty ? null : string.Join("; ", problems);
        await _model.SearchAsync(query, selected);
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
            return;
        await Name.RecallAsync();
        await RegisterAsync();
        Take();
        StateHasChanged();
    }

    private async Task RegisterAsync()
    {
        if (_keys is not null)
            await _keys.DisposeAsync();
        _keys = await Hotkeys.RegisterAsync(
        [
            .. _codebook.Labels.Select(label => new Hotkey(label.Key, label.Name, Do(() => Toggle(label)))),
            new Hotkey("Enter", "Submit, and go to the next feature", Do(SubmitAsync)),
            new Hotkey("Backspace", "Discard what is not submitted", Do(Discard)),
            new Hotkey("j", "Next feature", Do(() => _model.Step(1))),
            new Hotkey("k", "Feature before it", Do(() => _model.Step(-1))),
            new Hotkey("x", "Mark the feature, to annotate several at once", Do(() => { if (_model.Selected is { } f) _model.Mark(f); })),
            new Hotkey("X", "Mark all, or none", Do(() => _model.MarkAll(MostMarked))),
            new Hotkey("u", "Undo your latest step", Do(UndoAsync)),
            new Hotkey("+", "More confident", Do(() => Confide(1))),
            new Hotkey("-", "Less confident", Do(() => Confide(-1))),
            new Hotkey("n", "Write notes", AnnotationEditor.NotesId),
            new Hotkey("/", "Search explanations", FeatureFilters.SearchId),
        ]);
    }

    private void Toggle(CodebookLabel label) => _labels = _codebook.Toggle(_labels, label);

    private void Confide(int by)
    {
        int at = _confidence is { } c ? AnnotationEditor.Steps.IndexOf(c) : -1;
        at = Math.Clamp(at + by, -1, AnnotationEditor.Steps.Length - 1);
        _confidence = at < 0 ? null : AnnotationEditor.Steps[at];
    }

    private async Task SubmitAsync()
    {
        ImmutableArray<FeatureId> features = _model.Chosen;
        if (features.IsEmpty || _model.Index is not { } index)
            return;
        if (!Named())
            return;
        bool many = !_model.Marked.IsEmpty;
        // Of many at once, each keeps its own notes unless new ones are written.
        var draft = new AnnotationDraft(_labels, many && _notes.Length == 0 ? null : _notes, _confidence);
        if (!await TryAsync(() => Book.SaveAsync(_model.Query.Model, index.Columns, features, Name.Value, draft)))
            return;
        _said = $"{(features.Length == 1 ? features[0].ToString() : $"{features.Length} features")}: {(_labels.IsEmpty ? "no label" : string.Join(", ", _labels))}";
        if (many)
            _model.MarkAll(0);
        if (_model.Place == _model.Count - 1)
            Take();
        else
            _model.Step(1);
    }

    private async Task UndoAsync()
    {
        UndoneStep? undone = null;
        if (!Named() || !await TryAsync(async () => undone = await Book.UndoAsync(_model.Query.Model, Name.Value)))
            return;
        _said = undone is null
            ? $"There is nothing of {Name.Value} to undo."
            : $"Undone: {string.Join(", ", undone.Features.Take(5))}{(undone.Features.Length > 5 ? $" and {undone.Features.Length - 5} more" : "")}, said at {undone.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC.";
        if (undone is not null && _model.Index is { } index)
            await _model.SearchAsync(_model.Query, index.Columns.Row(undone.Features[0]) >= 0 ? undone.Features[0] : null);
        Take();
    }

    // A feature that the filters hide is searched for by its name.
    private async Task GoToAsync(FeatureId feature)
    {
        if (_model.Index is not { } index || index.Columns.Row(feature) is not (>= 0 and int row))
            _error = $"{feature}: {_model.Query.Model} has no such feature now";
        else if (_model.Matches?.Rows.Contains(row) == true)
            await _model.SearchAsync(_model.Query, feature);
        else
            await _model.SearchAsync(new FeatureQuery { Model = _model.Query.Model, Direction = _model.Query.Direction, Text = feature.ToString() }, feature);
    }

    private void Discard()
    {
        Take();
        _said = "Discarded what was not submitted.";
    }

    private async Task RenameAsync(ChangeEventArgs e)
    {
        await Name.SetAsync((string?)e.Value ?? "");
        _error = null;
        Take();
    }

    // What the annotator said of the feature at hand is where the editor begins.
    private void Take()
    {
        _labels = Own?.Labels ?? [];
        _notes = Own?.Notes ?? "";
        _confidence = Own?.Confidence;
    }

    private ImmutableArray<string> OwnLabels(FeatureId feature) => Table?.Of(feature, Name.Value)?.Labels ?? [];

    private bool Named()
    {
        _error = Name.Value.Length == 0 ? "Write your name first: annotations are kept by annotator." : null;
        return _error is null;
    }

    private async Task<bool> TryAsync(Func<Task> action)
    {
        _error = null;
        try
        {
            await action();
            return true;
        }
        catch (EngineException e)
        {
            _error = e.Message;
            return false;
        }
    }

    private void OnChanged() => _render.Request(() => InvokeAsync(async () =>
    {
        if (_shown != _model.Selected)
        {
            _shown = _model.Selected;
            _facts = _shown is { } feature ? Reader.Read(_model.Query.Model, feature) : new FeatureFacts();
            Take();
        }
        StateHasChanged();
        string url = "/annotations" + FeatureQueryUrl.Write(_model.Query, _model.Place > 0 ? _model.Selected : null);
        if (url == _shownUrl || _model.Busy is not null)
            return;
        _shownUrl = url;
        await Browser.ReplaceUrlAsync(url);
    }));

    private void OnCodebook() => InvokeAsync(CodebookChangedAsync);

    private async Task CodebookChangedAsync()
    {
        _codebook = Codebooks.Current;
        await RegisterAsync();
        StateHasChanged();
    }

    private Func<Task> Do(Action action) => Do(() =>
    {
        action();
        return Task.CompletedTask;
    });

    // Whatever a key did, or why it did not, is to be seen: no event of the page renders after it.
    private Func<Task> Do(Func<Task> action) => () => InvokeAsync(async () =>
    {
        await action();
        StateHasChanged();
    });

    private static string Whole(int number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        Codebooks.Changed -= OnCodebook;
        Book.Changed -= OnChanged;
        _model.Changed -= OnChanged;
        _render.Dispose();
        _model.Dispose();
        if (_keys is not null)
            await _keys.DisposeAsync();
    }
}
