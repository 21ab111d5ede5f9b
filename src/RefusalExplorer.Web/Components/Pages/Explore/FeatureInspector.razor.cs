using System.Collections.Immutable;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Components.Pages.Explore;

/// <summary>A feature on each token of the prompt and of the answers.</summary>
public sealed partial class FeatureInspector
{
    [Parameter, EditorRequired] public required ExploreModel Model { get; set; }

    [Parameter, EditorRequired] public FeatureId Feature { get; set; }

    private List<(Arm Arm, ArmState View, ImmutableArray<float> Values)> Arms => Model.View is { } view
        ? [.. view.Arms
            .Where(a => a.Value.Arm.Activations.ContainsKey(Feature))
            .Select(a => (a.Key, a.Value, a.Value.Arm.Activations[Feature]))]
        : [];

    private ImmutableArray<Range> Hidden(Arm arm, ArmState view) => Model.IsRunSensitive && !ExploreSecrets.IsBenign(arm)
        ? SensitiveSpans.Of(view.Arm.PromptTokens, ExploreSecrets.Prompt(Model.View!.Request, arm), view.Tokens.Count, ExploreSecrets.ClearTokens(view, sensitive: true))
        : [];

    private NeuronpediaLink? Link => NeuronpediaLink.Of(Model.Choice, Feature);

    private bool Recorded => Arms.Count > 0;

    private bool InAnyGroup => Model.State.Groups.Any(g => Model.Members(g).Contains(Feature));

    private string InCart
    {
        get
        {
            CartGroup[] groups = [.. Model.State.Groups.Where(g => Model.Members(g).Contains(Feature))];
            return groups.Length == 0 ? "no" : string.Join(", ", groups.Select(g =>
                $"{g.Name} ({(g.Off.Contains(Feature) || !g.Enabled ? "left out" : g.Op.ToString().ToLowerInvariant())})"));
        }
    }

    // The corpus knows the feature's range; else the run itself. The first token is left out: it is an attention sink.
    private double Largest => Model.Facts.GetValueOrDefault(Feature)?.MaxActivation is { } known and > 0
        ? known
        : Arms.SelectMany(a => a.Values.Skip(1)).DefaultIfEmpty().Max();
}
