using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Tests.Pruning;

/// <summary>Algorithm 1 as the paper prints it: one block, two evaluations and one decision at a time. The oracle of the batched form.</summary>
internal static class LiteralAlgorithm1
{
    public static (List<bool> Accepted, HashSet<int> Kept) Run(int candidates, int blockSize, double tau, long seed, Func<IReadOnlySet<int>, double> p)
    {
        SeededRandom random = new(seed);
        // C∖K as an ordered pool: the random block is drawn by swapping its members to the front.
        List<int> remaining = [.. Enumerable.Range(0, candidates)];
        HashSet<int> c = [.. remaining], k = [];
        List<bool> accepted = [];
        while (c.Except(k).Count() >= blockSize)
        {
            HashSet<int> v = Draw(remaining, blockSize, random);
            double before = p(c.Except(k).ToHashSet());
            double after = p(c.Except(k.Union(v)).ToHashSet());
            double delta = Math.Abs(before - after) / before;
            accepted.Add(delta >= tau);
            if (delta >= tau)
                k.UnionWith(v);
            else
                c.ExceptWith(v);
        }
        return (accepted, k);
    }

    private static HashSet<int> Draw(List<int> remaining, int count, SeededRandom random)
    {
        for (int i = 0; i < count; i++)
        {
            // The last one needs no draw: there is nothing to choose from.
            int j = i + (remaining.Count - i > 1 ? random.NextInt(remaining.Count - i) : 0);
            (remaining[i], remaining[j]) = (remaining[j], remaining[i]);
        }
        HashSet<int> block = [.. remaining[..count]];
        remaining.RemoveRange(0, count);
        return block;
    }

    public static List<FeatureId> Pool(int count) => [.. Enumerable.Range(0, count).Select(i => new FeatureId(2 + (i % 3), 7 * i))];
}
