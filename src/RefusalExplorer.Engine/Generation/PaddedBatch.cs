namespace RefusalExplorer.Engine.Generation;

/// <summary>Rows of any lengths as one rectangle, padded on the left with the row's own first token (its value never matters).</summary>
internal sealed class PaddedBatch
{
    public PaddedBatch(IReadOnlyList<IReadOnlyList<int>> rows)
    {
        Columns = rows.Max(r => r.Count);
        Padding = [.. rows.Select(r => Columns - r.Count)];
        Ids = [.. rows.Select((r, b) => (int[])[.. Enumerable.Repeat(r[0], Padding[b]), .. r])];
        Group = [.. rows.Select(r => rows.TakeWhile(other => !other.SequenceEqual(r)).Count())];
        Distinct = [.. Group.Distinct()];
        Group = [.. Group.Select(first => Array.IndexOf(Distinct, first))];
    }

    /// <summary>T.</summary>
    public int Columns { get; }

    /// <summary>Padding columns of each row.</summary>
    public int[] Padding { get; }

    /// <summary>[B][T].</summary>
    public int[][] Ids { get; }

    /// <summary>Whether all rows have the same tokens: then they run as one row until the first edit.</summary>
    public bool Shared => Distinct.Length == 1 && Ids.Length > 1;

    /// <summary>One row for each text: the first that has it, ascending.</summary>
    public int[] Distinct { get; }

    /// <summary>For each row, the place in <see cref="Distinct"/> of the row with its text.</summary>
    public int[] Group { get; }
}
