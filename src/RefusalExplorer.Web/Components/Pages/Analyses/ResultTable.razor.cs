using System.Text.Json;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Pipeline.Analyses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Analyses;
using RefusalExplorer.Web.Components.Controls;
using RefusalExplorer.Web.Interop;

namespace RefusalExplorer.Web.Components.Pages.Analyses;

/// <summary>A table of a result: sorted and filtered as asked, and saved exactly as shown.</summary>
public sealed partial class ResultTable
{
    private TableView _view = new();
    private AnalysisTable? _table, _shown;

    /// <summary>The table.</summary>
    [Parameter, EditorRequired] public required AnalysisTable Table { get; set; }

    /// <summary>Beginning of its files' names.</summary>
    [Parameter, EditorRequired] public required string FileName { get; set; }

    /// <summary>The model, for links of its features.</summary>
    [Parameter] public ModelChoice? Choice { get; set; }

    [Inject] public required BrowserInterop Browser { get; init; }

    private TableView View
    {
        get => _view;
        set => (_view, _shown) = (value, null);
    }

    private AnalysisTable Shown => _shown ??= View.Apply(Table);

    protected override void OnParametersSet()
    {
        if (!ReferenceEquals(_table, Table))
            (_table, _shown) = (Table, null);
    }

    private bool IsNumber(int column) => Table.Columns[column].Kind is ColumnKind.Number or ColumnKind.Count or ColumnKind.Share;

    // Else a table of many columns squeezes sentences into one word a line.
    private bool IsLong(Cell cell, int column) =>
        Table.Columns[column].Kind == ColumnKind.Sensitive || (Table.Columns[column].Kind is ColumnKind.Text or ColumnKind.Feature && cell.Text is { Length: > 40 });

    private Task SaveCsvAsync() => Browser.DownloadAsync($"{FileName}-{Table.Id}.csv", Exports.CsvType, Shown.ToCsv());

    private Task SaveJsonAsync() => Browser.DownloadAsync($"{FileName}-{Table.Id}.json", Exports.JsonType, JsonSerializer.Serialize(Shown, AnalysisJson.Options));
}
