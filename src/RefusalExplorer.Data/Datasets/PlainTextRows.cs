namespace RefusalExplorer.Data.Datasets;

/// <summary>One prompt a line; blank lines are no rows.</summary>
internal static class PlainTextRows
{
    public static IEnumerable<DatasetRow> Read(DatasetFile file, DatasetLimits limits)
    {
        using Stream stream = file.Open(limits.Bytes);
        foreach (Line line in LineReader.Read(stream, limits.RowBytes))
        {
            if (line.IsBlank)
                continue;
            if (line.Bytes is null)
            {
                yield return DatasetRow.Unreadable(file.Path, line.Number, $"a line of at most {limits.RowBytes >> 10} KiB", "a longer one");
            }
            else if (line.Text() is { } text)
            {
                Dictionary<string, string> columns = DatasetRow.NewColumns();
                columns[JsonColumns.Bare] = text;
                yield return new DatasetRow(file.Path, line.Number) { Columns = columns };
            }
            else
            {
                yield return DatasetRow.Unreadable(file.Path, line.Number, "UTF-8 text", "other bytes");
            }
        }
    }
}
