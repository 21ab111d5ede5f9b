using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Probing;
using RefusalExplorer.Web.Components.Controls;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Interop;

namespace RefusalExplorer.Web.Components.Pages.Explore;

/// <summary>The proof that the edits bit, feature by feature.</summary>
public sealed partial class EffectsPanel
{
    private static readonly Column[] Columns =
    [
        new("feature", "feature", "", false, e => e.Feature.Layer + (e.Feature.Index / 1e9)),
        new("cosine", "cosine", "Of its decoder row with the refusal direction", true, _ => 0),
        new("tokens", "tokens touched", "Tokens in scope whose activation changed, of prompt and answer", true, e => e.TokensTouched),
        new("before", "max before", "Largest activation in scope before the edit", true, e => e.MaxBefore),
        new("after", "max after", "Largest activation in scope after it", true, e => e.MaxAfter),
        new("norm", "‖Δh‖", "Size of the change of the residual stream over all touched tokens", true, e => e.DeltaNorm),
    ];

    private Arm _arm = Arm.Intervened;
    private string _sort = "norm";
    private bool _descending = true;
    private bool _onlyWithEffect;

    [Parameter, EditorRequired] public required ExploreModel Model { get; set; }

    [Inject] public required BrowserInterop Browser { get; init; }

    private ImmutableArray<Arm> Arms => Model.View is { } view
        ? [.. view.Arms.Where(a => !a.Value.Arm.Effects.IsDefaultOrEmpty).Select(a => a.Key)]
        : [];

    private IReadOnlyList<FeatureEffect> All =>
        Model.View?.Arms.GetValueOrDefault(_arm)?.Arm.Effects is { IsDefault: false } effects ? effects : [];

    private List<FeatureEffect> Rows
    {
        get
        {
            Func<FeatureEffect, double> key = _sort == "cosine"
                ? e => Model.Facts.GetValueOrDefault(e.Feature)?.Cosine ?? double.NegativeInfinity
                : Columns.First(c => c.Key == _sort).Value;
            IEnumerable<FeatureEffect> shown = All.Where(e => !_onlyWithEffect || e.HadEffect);
            return [.. _descending ? shown.OrderByDescending(key) : shown.OrderBy(key)];
        }
    }

    private string? Note => All.Count == 0 ? null
        : Rows.Count == All.Count ? $"{All.Count(e => e.HadEffect)} of {All.Count} features had an effect"
        : $"{Rows.Count} of {All.Count} shown; those without effect are hidden";

    private string Share(FeatureEffect effect)
    {
        double largest = All.Max(e => e.DeltaNorm);
        return (largest > 0 ? 100 * effect.DeltaNorm / largest : 0).ToString("0.#", CultureInfo.InvariantCulture);
    }

    private void Sort(string key) => (_sort, _descending) = (key, _sort == key ? !_descending : key != "feature");

    private Task SaveCsvAsync() => Browser.DownloadAsync($"effects-{Model.RunId}.csv", Exports.CsvType, Exports.Csv(
        ["run", "arm", "feature", "cosine", "tokens_touched", "max_before", "max_after", "delta_norm"],
        Rows.Select(e => (IEnumerable<object?>)
            [Model.RunId, _arm, e.Feature, Model.Facts.GetValueOrDefault(e.Feature)?.Cosine, e.TokensTouched, e.MaxBefore, e.MaxAfter, e.DeltaNorm])));

    private Task SaveJsonAsync() => Browser.DownloadAsync(
        $"effects-{Model.RunId}.json", Exports.JsonType, JsonSerializer.Serialize(Rows, ProbeJson.Options));

    private sealed record Column(string Key, string Name, string Help, bool IsNumber, Func<FeatureEffect, double> Value);
}
