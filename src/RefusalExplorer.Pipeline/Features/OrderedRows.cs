using System.Collections;

namespace RefusalExplorer.Pipeline.Features;

/// <summary>All rows in the order of a sorted column, or of themselves, without a copy.</summary>
internal sealed class OrderedRows(int count, SortedColumn? column, bool descending) : IReadOnlyList<int>
{
    public int Count => count;

    public int this[int index] => column?.At(index, descending) ?? (descending ? count - 1 - index : index);

    public IEnumerator<int> GetEnumerator()
    {
        for (int i = 0; i < count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
