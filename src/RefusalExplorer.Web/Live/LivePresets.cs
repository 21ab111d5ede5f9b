using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Presets;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Web.Live;

/// <summary>Sliders as presets, which chat clients can use by name too.</summary>
public static class LivePresets
{
    /// <summary>Whether sliders can show it: clamps and ablations of at most eight features, on the same tokens.</summary>
    public static bool Fits(Preset preset) =>
        preset.Interventions.All(i => i.Op is "clamp" or "ablate") && Features(preset).Count is > 0 and <= LiveState.MostSliders &&
        preset.Interventions.Select(i => i.Scope).Distinct().Count() == 1;

    /// <summary>Its features.</summary>
    public static IReadOnlyList<FeatureId> Features(Preset preset) => [.. preset.Interventions.SelectMany(i => i.Features).Select(f => FeatureId.Parse(f)).Distinct()];

    /// <summary>The sliders of a preset.</summary>
    /// <param name="preset">It fits.</param>
    /// <param name="facts">Largest activations of its features.</param>
    public static (ImmutableArray<LiveSlider> Sliders, TokenScope Scope) Read(Preset preset, IReadOnlyList<SuggestedFeature> facts)
    {
        Dictionary<FeatureId, double> values = [];
        foreach (ProbeIntervention edit in preset.Interventions)
        {
            foreach (string feature in edit.Features)
                values[FeatureId.Parse(feature)] = edit.Op == "ablate" ? 0 : edit.Value ?? 0;
        }
        return (
            [.. facts.Select(f => new LiveSlider(f.Feature, f.MaxActivation, values[f.Feature] / (f.MaxActivation is > 0 ? f.MaxActivation.Value : 1), On: true))],
            TokenScope.Parse(preset.Interventions[0].Scope, preset.Interventions[0].Positions));
    }

    /// <summary>The sliders that are on, as a preset.</summary>
    /// <exception cref="EngineException">None is on, or the name is none.</exception>
    public static Preset Write(string name, LiveState state)
    {
        ImmutableArray<LiveSlider> on = [.. state.Sliders.Where(s => s.On)];
        if (on.IsEmpty)
            throw new EngineException("no slider is on: move one before you save a preset");
        return new Preset
        {
            Name = Preset.CheckName(name),
            Description = $"{on.Length} sliders of a demonstration",
            Model = state.Model,
            Interventions = [.. on.Select(s => new ProbeIntervention { Op = "clamp", Features = [s.Feature.ToString()], Value = s.Raw, Scope = state.Scope.ToString() })],
        };
    }
}
