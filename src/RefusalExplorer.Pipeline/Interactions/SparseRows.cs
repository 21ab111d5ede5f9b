namespace RefusalExplorer.Pipeline.Interactions;

/// <summary>A sparse matrix in compressed rows, with a label for each row. Columns ascend within a row.</summary>
internal sealed class SparseRows
{
    private readonly int[] _starts;
    private readonly int[] _columns;
    private readonly float[] _values;

    public SparseRows(int[] starts, int[] columns, float[] values, bool[] labels, int columnCount)
    {
        (_starts, _columns, _values) = (starts, columns, values);
        (Labels, ColumnCount) = (labels, columnCount);
    }

    public int Count => Labels.Length;

    public int ColumnCount { get; }

    public long NonZeros => _columns.Length;

    public bool[] Labels { get; }

    public ReadOnlySpan<int> Columns(int row) => _columns.AsSpan(_starts[row], _starts[row + 1] - _starts[row]);

    public ReadOnlySpan<float> Values(int row) => _values.AsSpan(_starts[row], _starts[row + 1] - _starts[row]);

    /// <summary>Multiplies every column by its factor, in place.</summary>
    public void Scale(ReadOnlySpan<float> factors)
    {
        for (int i = 0; i < _values.Length; i++)
            _values[i] *= factors[_columns[i]];
    }
}
