using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>Draws features at random so that no label is far ahead of the others.</summary>
internal static class BalancedDraw
{
    /// <summary>A draw without replacement: at each step, among what is left in random order, the feature whose most frequent label is least frequent so far.</summary>
    /// <param name="pool">Features to draw from.</param>
    /// <param name="count">How many; fewer if the pool is smaller.</param>
    /// <param name="random">The seeded stream.</param>
    public static ImmutableArray<LabelledFeature> Of(IEnumerable<LabelledFeature> pool, int count, SeededRandom random)
    {
        LabelledFeature[] shuffled = [.. pool.OrderBy(f => f.Feature)];
        random.Shuffle<LabelledFeature>(shuffled);
        List<LabelledFeature> left = [.. shuffled];
        Dictionary<string, int> drawn = new(StringComparer.Ordinal);
        ImmutableArray<LabelledFeature>.Builder picked = ImmutableArray.CreateBuilder<LabelledFeature>();
        while (picked.Count < count && left.Count > 0)
        {
            // MinBy keeps the first of equals, which is what the shuffle made random.
            LabelledFeature next = left.MinBy(f => f.Labels.Select(l => drawn.GetValueOrDefault(l)).DefaultIfEmpty().Max())!;
            left.Remove(next);
            picked.Add(next);
            foreach (string label in next.Labels)
                drawn[label] = drawn.GetValueOrDefault(label) + 1;
        }
        return picked.DrainToImmutable();
    }
}
