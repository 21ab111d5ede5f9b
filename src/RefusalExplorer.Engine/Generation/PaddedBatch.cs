namespace RefusalExplorer.Engine.Generation;

/// <summary>Rows of any lengths as one rectangle, padded on the left with the row's own first token (its value never matters).</summary>
internal sealed class PaddedBatch
{
    public PaddedBatch(IReadOnlyList<IReadOnlyList<int>> rows)
    {
        Columns = rows.Max(r => r.Count);
        Padding = [.. rows.Select(r => Columns - r.Count)];
        Ids = [.. rows.Select((r, b) => (int[])[.. Enumerable.Repeat(r[0], Padding[b]), .. r])];
        Shared = rows.Count > 1 && rows.All(r => r.SequenceEqual(rows[0]));
    }

    /// <summary>T.</summary>
    public int Columns { get; }

    /// <summary>Padding columns of each row.</summary>
    public int[] Padding { get; }

    /// <summary>[B][T].</summary>
    public int[][] Ids { get; }

    /// <summary>Whether all rows have the same tokens: then they run as one row until the first edit.</summary>
    public bool Shared { get; }
}
