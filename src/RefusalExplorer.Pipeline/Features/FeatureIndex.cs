namespace RefusalExplorer.Pipeline.Features;

/// <summary>
/// Finds features among hundreds of thousands without looking at all of them: the rarest condition gives the candidates (a layer's rows, a
/// stretch of a sorted column, a set), and only these are held against the others. Thread-safe; columns are sorted when first needed.
/// </summary>
public sealed class FeatureIndex
{
    private readonly Lazy<SortedColumn> _cosine, _density, _max;

    /// <summary>An index of some columns.</summary>
    public FeatureIndex(FeatureColumns columns)
    {
        Columns = columns;
        _cosine = new(() => new SortedColumn(columns.Cosine));
        _density = new(() => new SortedColumn(columns.Density));
        _max = new(() => new SortedColumn(columns.Max));
    }

    /// <summary>The columns.</summary>
    public FeatureColumns Columns { get; }

    /// <summary>The features that match, in order.</summary>
    /// <param name="filter">The conditions.</param>
    /// <param name="order">What to order by; equal ones by layer and index.</param>
    /// <param name="descending">The largest first.</param>
    public FeatureMatches Search(FeatureFilter filter, FeatureOrder order = FeatureOrder.Feature, bool descending = false)
    {
        var conditions = new Conditions(this, filter);
        if (!conditions.Any)
            return new FeatureMatches(new OrderedRows(Columns.Count, Sorted(order), descending), 0);
        List<int> found = [];
        long examined = 0;
        foreach (int row in conditions.Candidates())
        {
            examined++;
            if (conditions.Hold(row))
                found.Add(row);
        }
        return new FeatureMatches(Ordered(found, order, descending), examined);
    }

    internal SortedColumn? Sorted(FeatureOrder order) => order switch
    {
        FeatureOrder.Cosine => _cosine.Value,
        FeatureOrder.Density => _density.Value,
        FeatureOrder.Max => _max.Value,
        _ => null,
    };

    private float[]? Values(FeatureOrder order) => order switch
    {
        FeatureOrder.Cosine => Columns.Cosine,
        FeatureOrder.Density => Columns.Density,
        FeatureOrder.Max => Columns.Max,
        _ => null,
    };

    private int[] Ordered(List<int> found, FeatureOrder order, bool descending)
    {
        int[] rows = [.. found];
        if (Values(order) is not { } values)
        {
            Array.Sort(rows);
            if (descending)
                Array.Reverse(rows);
            return rows;
        }
        var keys = new (float Value, int Row)[rows.Length];
        for (int i = 0; i < rows.Length; i++)
            keys[i] = (values[rows[i]], rows[i]);
        Array.Sort(keys, SortedColumn.Compare);
        int known = keys.Length;
        while (known > 0 && float.IsNaN(keys[known - 1].Value))
            known--;
        if (descending)
            Array.Reverse(keys, 0, known);
        for (int i = 0; i < rows.Length; i++)
            rows[i] = keys[i].Row;
        return rows;
    }
}
