using System.Collections.Immutable;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Components.Pages.Explore;

/// <summary>A token with the recorded features that are active on it, beside the other column at the same position.</summary>
public sealed partial class TokenInspector
{
    [Parameter, EditorRequired] public required ExploreModel Model { get; set; }

    [Parameter, EditorRequired] public Arm Arm { get; set; }

    [Parameter, EditorRequired] public int Position { get; set; }

    private ArmState? View => Model.View?.Arms.GetValueOrDefault(Arm);

    private int PromptLength => View?.Arm.PromptTokens.Length ?? 0;

    private int Length => View?.Arm.Activations.Values.Select(v => v.Length).DefaultIfEmpty().Max() ?? 0;

    private TokenView? Token => View is null ? null
        : Position < PromptLength ? View.Arm.PromptTokens[Position]
        : View.Tokens.ElementAtOrDefault(Position - PromptLength);

    private Arm Other => Arm switch
    {
        Arm.Baseline => Arm.Intervened,
        Arm.BenignBaseline => Arm.BenignIntervened,
        Arm.BenignIntervened => Arm.BenignBaseline,
        _ => Arm.Baseline,
    };

    private List<Row> Rows => View is null ? [] :
    [
        .. View.Arm.Activations
            .Where(a => Position < a.Value.Length && a.Value[Position] > 0)
            .Select(a => new Row(a.Key, a.Value[Position], OtherValue(a.Key)))
            .OrderByDescending(r => r.Here),
    ];

    // Answers part ways, so the columns can be compared on the prompt only.
    private float? OtherValue(FeatureId feature) =>
        Position < PromptLength
        && Model.View!.Arms.GetValueOrDefault(Other)?.Arm.Activations.TryGetValue(feature, out ImmutableArray<float> values) == true
        && Position < values.Length ? values[Position] : null;

    private void Back() => Model.ClearToken();

    private sealed record Row(FeatureId Feature, float Here, float? Other);
}
