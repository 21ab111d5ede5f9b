using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Tests.Checkpoints;

/// <summary>Reads into new arrays, as comparisons want them.</summary>
internal static class TensorFileReads
{
    public static float[] ReadRows(this ITensorFile file, string name, ReadOnlySpan<int> rows)
    {
        var values = new float[rows.Length * file.Shape(name).Skip(1).Aggregate(1L, (a, b) => a * b)];
        file.ReadRows(name, rows, values);
        return values;
    }

    public static float[] ReadColumns(this ITensorFile file, string name, ReadOnlySpan<int> columns)
    {
        var values = new float[file.Shape(name)[0] * columns.Length];
        file.ReadColumns(name, columns, values);
        return values;
    }
}
