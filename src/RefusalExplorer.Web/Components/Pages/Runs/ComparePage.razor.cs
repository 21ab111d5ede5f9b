using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Probing;
using RefusalExplorer.Web.Components.Controls;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Interop;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Components.Pages.Runs;

/// <summary>Two stored experiments side by side.</summary>
public sealed partial class ComparePage
{
    private RunHeader? _a, _b;
    private ImmutableArray<ComparedValue> _rows = [];
    private bool _onlyDifferences = true;
    private string? _error;

    /// <summary>Id of the first run.</summary>
    [Parameter, SupplyParameterFromQuery(Name = "a")] public string? A { get; set; }

    /// <summary>Id of the second run.</summary>
    [Parameter, SupplyParameterFromQuery(Name = "b")] public string? B { get; set; }

    [Inject] public required ExperimentRuns Runs { get; init; }

    [Inject] public required BrowserInterop Browser { get; init; }

    private ImmutableArray<ComparedValue> Rows => _onlyDifferences ? [.. _rows.Where(r => r.Differs)] : _rows;

    protected override void OnParametersSet()
    {
        (_a, _b, _rows, _error) = (null, null, [], null);
        if (A is null || B is null)
            return;
        try
        {
            (RunHeader a, ExperimentState first) = Runs.Load(A);
            (RunHeader b, ExperimentState second) = Runs.Load(B);
            (_a, _b, _rows) = (a, b, RunComparison.Of(first, second));
        }
        catch (EngineException e)
        {
            _error = e.Message;
        }
    }

    private static string Delta(ComparedValue row) => row.Delta is { } d && row.Differs ? Numbers.WithSign(d) : "";

    private Task SaveCsvAsync() => Browser.DownloadAsync($"compare-{A}-{B}.csv", Exports.CsvType, Exports.Csv(
        ["group", "name", "a", "b", "delta", "better"],
        Rows.Select(r => (IEnumerable<object?>)[r.Group, r.Name, r.A, r.B, r.Delta, r.IsBetter switch { true => "b", false => "a", _ => "" }])));

    private Task SaveJsonAsync() => Browser.DownloadAsync(
        $"compare-{A}-{B}.json", Exports.JsonType, JsonSerializer.Serialize(new { a = A, b = B, values = Rows }, ProbeJson.Options));
}
