using System.Collections.Immutable;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Charts;
using RefusalExplorer.Web.Charts.Studies;
using RefusalExplorer.Web.Components.Controls;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Studies;

namespace RefusalExplorer.Web.Components.Pages.Studies;

/// <summary>One prompt of a study: what each ablation makes the model answer, and how its minimal set was found.</summary>
public sealed partial class StudyPromptPage
{
    private StudyEntry? _entry;
    private PromptResult? _prompt;
    private int? _before, _next;
    private Figure? _curve, _steps, _changes;
    private List<FeatureRow> _features = [];
    private string? _link, _error;

    /// <summary>The study.</summary>
    [Parameter] public string Id { get; set; } = "";

    /// <summary>1-based.</summary>
    [Parameter] public int Number { get; set; }

    [Inject] public required StudyDesk Desk { get; init; }

    [Inject] public required IExploreCatalog Catalog { get; init; }

    protected override void OnParametersSet()
    {
        try
        {
            _entry = Desk.Find(Id);
            ImmutableArray<PromptResult> all = _entry is null ? [] : Desk.Prompts(_entry);
            _prompt = all.FirstOrDefault(p => p.Index == Number - 1);
            _before = all.LastOrDefault(p => p.Index < Number - 1)?.Index;
            _next = all.FirstOrDefault(p => p.Index > Number - 1)?.Index;
        }
        catch (EngineException e)
        {
            (_prompt, _error) = (null, e.Message);
        }
        if (_entry is null || _prompt is not { } p)
            return;
        string name = $"prompt {StudyWords.Prompt(p.Index)}";
        _curve = p.Sweep.IsEmpty ? null : CandidateCharts.Curve(name, p.Sweep, p.Baseline.Probability, "K, features a layer");
        _steps = p.Prune is null ? null : PruningCharts.Steps(name, p.Prune, p.Baseline.Probability);
        _changes = p.Prune is null ? null : PruningCharts.Changes(name, p.Prune);
        _features = [.. p.MinimalFeatures.Zip(p.Prune?.Activations ?? [], (feature, activation) => new FeatureRow(feature, activation, Without(p, feature)))];
        _link = StudyExplore.Link(_entry.Study, [.. p.MinimalFeatures], $"minimal set of {StudyWords.Prompt(p.Index)}", p.Instruction, Catalog.PromptSets);
    }

    /// <summary>P("I") without one feature of the proven set; null for those that the proof dropped, or without one.</summary>
    private static double? Without(PromptResult prompt, FeatureId feature) =>
        prompt.Prune?.Exact is { } exact && exact.Features.IndexOf(feature) is var place and >= 0 && place < exact.Without.Length ? exact.Without[place] : null;

    private static IReadOnlyList<TableColumn<ThresholdSet>> SetColumns { get; } =
    [
        new("tau", "τ", s => s.Threshold),
        new("features", "features", s => s.Features.Length) { Help = "That all seeds keep" },
        new("p", "P(“I”)", s => s.Response?.Probability) { Text = s => s.Response is { } r ? Numbers.Probability(r.Probability) : "–" },
        new("verdict", "response", s => s.Response?.Verdict.Kind.ToString().ToLowerInvariant()) { IsNumber = false },
    ];

    /// <summary>A feature of the minimal set.</summary>
    private sealed record FeatureRow(FeatureId Feature, float Activation, double? Without);
}
