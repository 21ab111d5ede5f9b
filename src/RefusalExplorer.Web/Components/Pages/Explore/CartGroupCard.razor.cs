using System.Globalization;
using Microsoft.AspNetCore.Components;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Web.Explore;

namespace RefusalExplorer.Web.Components.Pages.Explore;

/// <summary>One group of the cart: its features, and what is done to them where.</summary>
public sealed partial class CartGroupCard
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    private static readonly (TokenScopeKind Kind, string Name)[] Scopes =
    [
        (TokenScopeKind.AllButFirst, "all but the first token"),
        (TokenScopeKind.All, "all tokens"),
        (TokenScopeKind.Prompt, "the prompt"),
        (TokenScopeKind.Generated, "generated tokens"),
        (TokenScopeKind.LastN, "last n of the prompt"),
        (TokenScopeKind.Bos, "the first token"),
        (TokenScopeKind.Special, "special tokens"),
        (TokenScopeKind.Positions, "positions"),
    ];

    private double? _dragging;
    private int? _k;

    [Parameter, EditorRequired] public required ExploreModel Model { get; set; }

    [Parameter, EditorRequired] public required CartGroup Group { get; set; }

    private InterventionOp[] Ops => Group.Source == GroupSource.Direction
        ? [InterventionOp.ProjectOut, InterventionOp.Add]
        : [InterventionOp.Ablate, InterventionOp.Clamp, InterventionOp.Scale];

    private string Count => Group.Source == GroupSource.Direction ? "refusal direction" : Model.Members(Group).Count.ToString(Invariant);

    private double Shown => _dragging ?? Group.Strength;

    private (double Least, double Most) Range => Group.Op switch
    {
        InterventionOp.Clamp => (-2, 4),
        InterventionOp.Add => (-2, 2),
        _ => (-2, 4),
    };

    private string StrengthText => Group.Op == InterventionOp.Clamp
        ? string.Create(Invariant, $"{Shown:0.00} × max")
        : string.Create(Invariant, $"× {Shown:0.00}");

    // A clamp's raw values, since the slider is in units of each feature's largest activation.
    private string Raw
    {
        get
        {
            if (Group.Op != InterventionOp.Clamp)
                return StrengthText;
            double[] values = [.. Model.Members(Group).Except(Group.Off).Select(f => ExploreRequests.ClampValue(Group with { Strength = Shown }, f, Model.Facts))];
            return values.Length == 0 ? StrengthText
                : string.Create(Invariant, $"sets activations to {Numbers.Brief(values.Min())}{(values.Length > 1 ? $" … {Numbers.Brief(values.Max())}" : "")}");
        }
    }

    private static string OpName(InterventionOp op) => op switch
    {
        InterventionOp.Ablate => "ablate (→ 0)",
        InterventionOp.Clamp => "clamp (→ value)",
        InterventionOp.Scale => "scale",
        InterventionOp.ProjectOut => "project out",
        _ => "add",
    };

    private static double Value(ChangeEventArgs e) => double.TryParse((string?)e.Value, NumberStyles.Float, Invariant, out double value) ? value : 0;

    private string Title(FeatureId feature) => Model.Facts.GetValueOrDefault(feature) is { } f
        ? string.Create(Invariant, $"{feature} · cosine {f.Cosine:0.000}{(f.MaxActivation is { } m ? $" · max {Numbers.Brief(m)}" : "")}{(f.Density is { } d ? $" · on {d:0.0%} of tokens" : "")}")
        : feature.ToString();

    private void ChooseOp(ChangeEventArgs e) => Model.Update(Group with { Op = Enum.Parse<InterventionOp>((string)e.Value!), Strength = 1 });

    private void ChooseScope(ChangeEventArgs e) => Model.Update(Group with
    {
        Scope = Enum.Parse<TokenScopeKind>((string)e.Value!) switch
        {
            TokenScopeKind.LastN => TokenScope.Last(1),
            TokenScopeKind.Positions => TokenScope.At([1]),
            TokenScopeKind kind => TokenScope.Parse(kind.ToString()),
        },
    });

    private void ChooseScopeDetail(ChangeEventArgs e)
    {
        try
        {
            string head = Group.Scope.Kind == TokenScopeKind.LastN ? "last" : "positions";
            Model.Update(Group with { Scope = TokenScope.Parse($"{head}:{((string?)e.Value)?.Replace(" ", "", StringComparison.Ordinal)}") });
        }
        catch (EngineException problem)
        {
            Model.Complain(problem.Message);
        }
    }

    private void ChooseLayer(ChangeEventArgs e)
    {
        int last = (Model.Choice?.LayerCount ?? 1) - 1;
        if (int.TryParse((string?)e.Value, NumberStyles.None, Invariant, out int layer) && layer <= last)
            Model.Update(Group with { Layer = layer });
        else
            Model.Complain($"{Group.Name}: expected a block from 0 to {last}");
    }

    private void Commit(double strength)
    {
        _dragging = null;
        Model.Update(Group with { Strength = Math.Round(strength, 2) });
    }

    private void CommitK(int k)
    {
        _k = null;
        Model.Set(Model.State with { TopK = Math.Clamp(k, 0, ExploreLimits.MostPerLayer) });
    }
}
