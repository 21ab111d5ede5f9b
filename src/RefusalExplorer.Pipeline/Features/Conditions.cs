namespace RefusalExplorer.Pipeline.Features;

/// <summary>A filter's conditions, the rarest of which gives the candidates.</summary>
internal sealed class Conditions(FeatureIndex index, FeatureFilter filter)
{
    /// <summary>Whether there is a condition.</summary>
    public bool Any => !filter.Layers.IsEmpty || !filter.In.IsEmpty || !filter.NotIn.IsEmpty ||
        !filter.Cosine.IsOpen || !filter.Density.IsOpen || !filter.Max.IsOpen;

    /// <summary>The rows of the rarest condition.</summary>
    public IEnumerable<int> Candidates()
    {
        List<(long Rows, Func<IEnumerable<int>> Take)> sources = [(index.Columns.Count, () => Enumerable.Range(0, index.Columns.Count))];
        if (!filter.Layers.IsEmpty)
        {
            (int Start, int Length)[] ranges = [.. filter.Layers.Distinct().Order().Select(l => index.Columns.RowsOf(l).GetOffsetAndLength(index.Columns.Count))];
            sources.Add((ranges.Sum(r => (long)r.Length), () => ranges.SelectMany(r => Enumerable.Range(r.Start, r.Length))));
        }
        foreach ((Bounds bounds, FeatureOrder order) in new[]
        {
            (filter.Cosine, FeatureOrder.Cosine), (filter.Density, FeatureOrder.Density), (filter.Max, FeatureOrder.Max),
        })
        {
            if (bounds.IsOpen)
                continue;
            SortedColumn column = index.Sorted(order)!;
            (int from, int to) = column.Within(bounds);
            sources.Add((to - from, () => new ArraySegment<int>(column.Rows, from, to - from)));
        }
        foreach (FeatureSet set in filter.In)
            sources.Add((set.Rows.Length, () => set.Rows));
        return sources.MinBy(s => s.Rows).Take();
    }

    /// <summary>Whether all conditions hold of a row.</summary>
    public bool Hold(int row)
    {
        FeatureColumns columns = index.Columns;
        if (!filter.Cosine.Hold(columns.Cosine[row]) || !filter.Density.Hold(columns.Density[row]) || !filter.Max.Hold(columns.Max[row]))
            return false;
        if (!filter.Layers.IsEmpty && !filter.Layers.Contains(columns.At(row).Layer))
            return false;
        return filter.In.All(s => Has(s, row)) && !filter.NotIn.Any(s => Has(s, row));
    }

    private static bool Has(FeatureSet set, int row) => Array.BinarySearch(set.Rows, row) >= 0;
}
