using System.Collections.Immutable;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Features;

/// <summary>What features are ordered by; those of which it is not known come last, whichever way.</summary>
public enum FeatureOrder
{
    /// <summary>Layer, then index.</summary>
    Feature,

    /// <summary>Cosine to the refusal direction.</summary>
    Cosine,

    /// <summary>Share of tokens on which it is not zero.</summary>
    Density,

    /// <summary>Largest activation.</summary>
    Max,
}

/// <summary>Bounds, both inclusive; null is none. A bounded number that is not known is outside.</summary>
/// <param name="From">Least.</param>
/// <param name="To">Largest.</param>
public readonly record struct Bounds(float? From, float? To)
{
    /// <summary>Whether there is a bound at all.</summary>
    public bool IsOpen => From is null && To is null;

    /// <summary>Whether a value is within.</summary>
    public bool Hold(float value) => IsOpen || (value >= (From ?? float.NegativeInfinity) && value <= (To ?? float.PositiveInfinity));
}

/// <summary>Features that something holds of: a label, a study, a text of explanations.</summary>
/// <param name="Name">For people.</param>
/// <param name="Rows">Their rows, ascending.</param>
public sealed record FeatureSet(string Name, int[] Rows)
{
    /// <summary>The rows of some features; those that the model does not have are left out.</summary>
    public static FeatureSet Of(string name, IEnumerable<FeatureId> features, FeatureColumns columns)
    {
        int[] rows = [.. features.Select(columns.Row).Where(r => r >= 0).Distinct()];
        Array.Sort(rows);
        return new FeatureSet(name, rows);
    }
}

/// <summary>Which features are wanted: all conditions at once.</summary>
public sealed record FeatureFilter
{
    /// <summary>Only these layers; empty for all.</summary>
    public ImmutableArray<int> Layers { get; init; } = [];

    /// <summary>Bounds of the cosine to the refusal direction.</summary>
    public Bounds Cosine { get; init; }

    /// <summary>Bounds of the density.</summary>
    public Bounds Density { get; init; }

    /// <summary>Bounds of the largest activation.</summary>
    public Bounds Max { get; init; }

    /// <summary>Sets that a feature must all be in.</summary>
    public ImmutableArray<FeatureSet> In { get; init; } = [];

    /// <summary>Sets that it must be in none of.</summary>
    public ImmutableArray<FeatureSet> NotIn { get; init; } = [];
}

/// <summary>Features that match.</summary>
/// <param name="Rows">Their rows, in order.</param>
/// <param name="Examined">Rows that were looked at to find them: how well the index served.</param>
public sealed record FeatureMatches(IReadOnlyList<int> Rows, long Examined);
