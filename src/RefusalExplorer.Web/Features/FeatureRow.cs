using System.Collections.Immutable;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Web.Features;

/// <summary>A feature as lists show it.</summary>
public sealed record FeatureRow
{
    /// <summary>0-based place in the list.</summary>
    public required int Place { get; init; }

    /// <summary>The feature.</summary>
    public required FeatureId Feature { get; init; }

    /// <summary>Cosine of its decoder row with the refusal direction, or null.</summary>
    public double? Cosine { get; init; }

    /// <summary>Share of the corpus's tokens on which it is not zero, or null.</summary>
    public double? Density { get; init; }

    /// <summary>Largest activation over the corpus, or null.</summary>
    public double? Max { get; init; }

    /// <summary>Labels given to it, by how many annotators.</summary>
    public ImmutableArray<(string Label, int Annotators)> Labels { get; init; } = [];

    /// <summary>The first explanation, or null.</summary>
    public string? Explanation { get; init; }

    /// <summary>Tokens that it fires on most, from its dashboard.</summary>
    public ImmutableArray<string> FiresOn { get; init; } = [];

    /// <summary>Tokens whose logits it raises most, from its dashboard.</summary>
    public ImmutableArray<string> Raises { get; init; } = [];
}
