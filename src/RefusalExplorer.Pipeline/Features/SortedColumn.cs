namespace RefusalExplorer.Pipeline.Features;

/// <summary>The rows of a column in ascending order of their values, those without a value last.</summary>
internal sealed class SortedColumn
{
    private readonly float[] _values;

    public SortedColumn(float[] values)
    {
        _values = values;
        Rows = new int[values.Length];
        var keys = new (float Value, int Row)[values.Length];
        for (int r = 0; r < keys.Length; r++)
            keys[r] = (values[r], r);
        Array.Sort(keys, Compare);
        for (int i = 0; i < keys.Length; i++)
            Rows[i] = keys[i].Row;
        Known = Rows.Length;
        while (Known > 0 && float.IsNaN(values[Rows[Known - 1]]))
            Known--;
    }

    /// <summary>All rows.</summary>
    public int[] Rows { get; }

    /// <summary>How many of them have a value.</summary>
    public int Known { get; }

    /// <summary>Places in <see cref="Rows"/> whose values are within the bounds: two binary searches.</summary>
    public (int From, int To) Within(Bounds bounds)
    {
        int from = bounds.From is { } least ? First(v => v >= least) : 0;
        int to = bounds.To is { } most ? First(v => v > most) : Known;
        return (from, Math.Max(from, to));
    }

    /// <summary>The row at a place of the order, the largest first if <paramref name="descending"/>; rows without a value stay last.</summary>
    public int At(int place, bool descending) => Rows[descending && place < Known ? Known - 1 - place : place];

    /// <summary>Ascending, NaN last, equal values by row.</summary>
    public static int Compare((float Value, int Row) a, (float Value, int Row) b)
    {
        bool unknown = float.IsNaN(a.Value), otherUnknown = float.IsNaN(b.Value);
        int order = unknown || otherUnknown ? unknown.CompareTo(otherUnknown) : a.Value.CompareTo(b.Value);
        return order != 0 ? order : a.Row.CompareTo(b.Row);
    }

    private int First(Func<float, bool> holds)
    {
        int low = 0, high = Known;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (holds(_values[Rows[middle]]))
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    }
}
