using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Web.Interop;

namespace RefusalExplorer.Web.Components.Controls;

/// <summary>A panel with a table that is sorted by its headings and saved exactly as it is shown.</summary>
public sealed partial class TablePanel<TRow>
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private string? _sort;
    private bool _descending;
    private bool _all;

    /// <summary>The panel's heading.</summary>
    [Parameter, EditorRequired] public required string Title { get; set; }

    /// <summary>Value of <c>data-panel</c> and <c>data-table</c>, and the name of saved files.</summary>
    [Parameter, EditorRequired] public required string Name { get; set; }

    /// <summary>The rows, in the order in which they are shown until a heading is clicked.</summary>
    [Parameter, EditorRequired] public required IReadOnlyList<TRow> Rows { get; set; }

    /// <summary>The columns.</summary>
    [Parameter, EditorRequired] public required IReadOnlyList<TableColumn<TRow>> Columns { get; set; }

    /// <summary>Shown instead of no rows: what to do to get some.</summary>
    [Parameter, EditorRequired] public required string Empty { get; set; }

    /// <summary>A few quiet words beside the heading, which say what a filter hides.</summary>
    [Parameter] public string? Note { get; set; }

    /// <summary>Rows that are shown before the user asks for all.</summary>
    [Parameter] public int Most { get; set; } = 200;

    /// <summary>Whether the table takes the height that it needs.</summary>
    [Parameter] public bool Tall { get; set; }

    /// <summary>Further classes.</summary>
    [Parameter] public string? Class { get; set; }

    /// <summary>Before the buttons that save.</summary>
    [Parameter] public RenderFragment? Actions { get; set; }

    /// <summary>Below the table.</summary>
    [Parameter] public RenderFragment? Footer { get; set; }

    [Inject] public required BrowserInterop Browser { get; init; }

    private List<TRow> Shown
    {
        get
        {
            IEnumerable<TRow> rows = Rows;
            if (Columns.FirstOrDefault(c => c.Key == _sort) is { } column)
            {
                var order = Comparer<object?>.Create((a, b) => a is null || b is null || !_descending
                    ? TableColumn<TRow>.ByValue.Compare(a, b)
                    : TableColumn<TRow>.ByValue.Compare(b, a));
                rows = rows.OrderBy(column.Value, order);
            }
            return [.. _all ? rows : rows.Take(Most)];
        }
    }

    private IEnumerable<TableColumn<TRow>> Exported => Columns.Where(c => !c.ShowOnly);

    private string? FullNote => Shown.Count < Rows.Count ? string.Join(" · ", new[] { Note, $"{Shown.Count} of {Rows.Count} shown" }.OfType<string>()) : Note;

    private void Sort(TableColumn<TRow> column) => (_sort, _descending) = (column.Key, _sort == column.Key ? !_descending : column.IsNumber);

    private Task SaveCsvAsync() => Browser.DownloadAsync(
        $"{Name}.csv", Exports.CsvType, Exports.Csv(Exported.Select(c => c.Key), Shown.Select(row => Exported.Select(c => c.Value(row)))));

    private Task SaveJsonAsync() => Browser.DownloadAsync($"{Name}.json", Exports.JsonType, JsonSerializer.Serialize(
        Shown.Select(row => new JsonObject(Exported.Select(c => KeyValuePair.Create(c.Key, Node(c.Value(row)))))), Json));

    private static JsonNode? Node(object? value) => value switch
    {
        null => null,
        int i => i,
        long l => l,
        double d => double.IsFinite(d) ? d : JsonValue.Create(d.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        float f => float.IsFinite(f) ? f : JsonValue.Create(f.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        bool b => b,
        _ => value.ToString(),
    };
}
