using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Statistics;

/// <summary>A set of labels that compares by content: one annotator's answer to "all that apply".</summary>
/// <param name="Labels">The labels, distinct, in ordinal order.</param>
public sealed record LabelSet(ImmutableSortedSet<string> Labels)
{
    /// <summary>A set of the given labels.</summary>
    public static LabelSet Of(params IEnumerable<string> labels) => new(labels.ToImmutableSortedSet(StringComparer.Ordinal));

    /// <inheritdoc/>
    public bool Equals(LabelSet? other) => other is not null && Labels.SetEquals(other.Labels);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (string label in Labels)
            hash.Add(label, StringComparer.Ordinal);
        return hash.ToHashCode();
    }
}

/// <summary>Distances between the values that raters give.</summary>
public static class RatingDistance
{
    /// <summary>0 where equal, else 1.</summary>
    public static double Nominal<T>(T a, T b) => EqualityComparer<T>.Default.Equals(a, b) ? 0 : 1;

    /// <summary>
    /// MASI (Passonneau 2006): 1 − Jaccard · monotonicity, where monotonicity is 1 for equal sets, 2/3 where one contains the other,
    /// 1/3 for other overlaps, 0 for disjoint sets. Two empty sets are equal.
    /// </summary>
    public static double Masi(LabelSet a, LabelSet b)
    {
        if (a.Equals(b))
            return 0;
        int shared = a.Labels.Count(b.Labels.Contains);
        if (shared == 0)
            return 1;
        int union = a.Labels.Count + b.Labels.Count - shared;
        bool nested = shared == Math.Min(a.Labels.Count, b.Labels.Count);
        return 1 - ((double)shared / union * (nested ? 2.0 / 3 : 1.0 / 3));
    }
}
