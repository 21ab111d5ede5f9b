using RefusalExplorer.Engine.Generation;

namespace RefusalExplorer.Pipeline.Analyses.Running;

/// <summary>Cuts rows into batches: rows of one length together, so that little is padded, and rows of one prompt together, so that blocks
/// below the first edit run once for all of them.</summary>
internal static class RowBatches
{
    /// <summary>Indices of the rows of each batch.</summary>
    public static IEnumerable<int[]> Of(IReadOnlyList<PromptRow> rows, int atOnce)
    {
        // Rows of one prompt stand together, prompts in order of length; GroupBy keeps the order of first occurrence.
        IEnumerable<int> order = Enumerable.Range(0, rows.Count)
            .GroupBy(i => rows[i].Tokens, TokensComparer.Instance)
            .OrderBy(g => g.Key.Length)
            .SelectMany(g => g);
        return order.Chunk(Math.Max(1, atOnce));
    }

    private sealed class TokensComparer : IEqualityComparer<System.Collections.Immutable.ImmutableArray<int>>
    {
        public static readonly TokensComparer Instance = new();

        public bool Equals(System.Collections.Immutable.ImmutableArray<int> x, System.Collections.Immutable.ImmutableArray<int> y) =>
            x == y || x.AsSpan().SequenceEqual(y.AsSpan());

        public int GetHashCode(System.Collections.Immutable.ImmutableArray<int> obj)
        {
            HashCode hash = default;
            foreach (int id in obj)
                hash.Add(id);
            return hash.ToHashCode();
        }
    }
}
