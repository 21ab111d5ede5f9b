using System.Collections.Immutable;

namespace RefusalExplorer.Engine.Interventions;

/// <summary>What is done to the residual stream.</summary>
public enum InterventionOp
{
    /// <summary>z → 0 for each feature.</summary>
    Ablate,

    /// <summary>z → value for each feature.</summary>
    Clamp,

    /// <summary>z → value · z for each feature.</summary>
    Scale,

    /// <summary>Adds value · vector to the input of a block (<c>blocks.{l}.hook_resid_pre</c>), the vector as it is, not normalised.</summary>
    Add,

    /// <summary>
    /// Removes the component along the unit vector at each block's input, after its attention write and at its output
    /// (directional ablation, Arditi et al. 2024).
    /// </summary>
    ProjectOut,
}

/// <summary>Operations in words.</summary>
internal static class InterventionOps
{
    /// <summary>As requests and errors write it.</summary>
    public static string Word(this InterventionOp op) => op == InterventionOp.ProjectOut ? "projectOut" : op.ToString().ToLowerInvariant();
}

/// <summary>One edit of a forward pass. Feature edits act on <c>hook_resid_post</c> as h + (z′ − z)·W_dec, so that the SAE's error stays.</summary>
public sealed record Intervention
{
    /// <summary>What is done.</summary>
    public required InterventionOp Op { get; init; }

    /// <summary>The features of <see cref="InterventionOp.Ablate"/>, <see cref="InterventionOp.Clamp"/> and <see cref="InterventionOp.Scale"/>.</summary>
    public ImmutableArray<FeatureId> Features { get; init; } = [];

    /// <summary>The clamp value (in activation units), the scale factor, or the coefficient of an added vector.</summary>
    public double Value { get; init; }

    /// <summary>Blocks of <see cref="InterventionOp.Add"/> and <see cref="InterventionOp.ProjectOut"/>; null is every block.</summary>
    public ImmutableArray<int>? Layers { get; init; }

    /// <summary>The vector [D] of <see cref="InterventionOp.Add"/> and <see cref="InterventionOp.ProjectOut"/>.</summary>
    public ImmutableArray<float>? Vector { get; init; }

    /// <summary>The tokens touched.</summary>
    public TokenScope Scope { get; init; } = TokenScope.All;

    /// <summary>Sets features to zero.</summary>
    public static Intervention Ablate(IEnumerable<FeatureId> features, TokenScope scope) =>
        new() { Op = InterventionOp.Ablate, Features = [.. features], Scope = scope };

    /// <summary>Sets features to <paramref name="value"/>.</summary>
    public static Intervention Clamp(IEnumerable<FeatureId> features, double value, TokenScope scope) =>
        new() { Op = InterventionOp.Clamp, Features = [.. features], Value = value, Scope = scope };

    /// <summary>Multiplies features by <paramref name="factor"/>.</summary>
    public static Intervention Scale(IEnumerable<FeatureId> features, double factor, TokenScope scope) =>
        new() { Op = InterventionOp.Scale, Features = [.. features], Value = factor, Scope = scope };

    /// <summary>Adds <paramref name="coefficient"/> · <paramref name="vector"/> to the input of block <paramref name="layer"/>.</summary>
    public static Intervention Add(IEnumerable<float> vector, double coefficient, int layer, TokenScope scope) =>
        new() { Op = InterventionOp.Add, Vector = [.. vector], Value = coefficient, Layers = [layer], Scope = scope };

    /// <summary>Projects <paramref name="vector"/> out of every block (or of <paramref name="layers"/>).</summary>
    public static Intervention ProjectOut(IEnumerable<float> vector, TokenScope scope, IEnumerable<int>? layers = null) =>
        new() { Op = InterventionOp.ProjectOut, Vector = [.. vector], Layers = layers is null ? null : [.. layers], Scope = scope };
}

/// <summary>Interventions in the order in which they act; later ones see what earlier ones left.</summary>
/// <param name="Items">The edits.</param>
public sealed record InterventionSet(ImmutableArray<Intervention> Items)
{
    /// <summary>No edit: a run with it is bit-identical to a run without interventions.</summary>
    public static InterventionSet Empty { get; } = new([]);

    /// <summary>A set of one or more edits.</summary>
    public static InterventionSet Of(params IEnumerable<Intervention> items) => new([.. items]);

    /// <summary>Whether nothing is edited.</summary>
    public bool IsEmpty => Items.All(i => i.Op is InterventionOp.Ablate or InterventionOp.Clamp or InterventionOp.Scale && i.Features.IsEmpty);

    /// <summary>The lowest block that an edit touches; null where nothing is edited.</summary>
    public int? FirstBlock => IsEmpty
        ? null
        : Items.SelectMany(i => i.Op is InterventionOp.Add or InterventionOp.ProjectOut ? i.Layers ?? [0] : i.Features.Select(f => f.Layer)).Min(l => (int?)l);

    /// <summary>All features named, distinct, ascending.</summary>
    public IReadOnlyList<FeatureId> Features => [.. Items.SelectMany(i => i.Features).Distinct().Order()];
}
