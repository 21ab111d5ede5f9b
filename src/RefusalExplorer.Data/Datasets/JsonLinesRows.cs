using System.Text.Json;

namespace RefusalExplorer.Data.Datasets;

/// <summary>One JSON object a line; a broken line is one broken row.</summary>
internal static class JsonLinesRows
{
    public static IEnumerable<DatasetRow> Read(DatasetFile file, DatasetLimits limits)
    {
        using Stream stream = file.Open(limits.Bytes);
        foreach (Line line in LineReader.Read(stream, limits.RowBytes))
        {
            if (!line.IsBlank)
                yield return Row(file, line, limits);
        }
    }

    private static DatasetRow Row(DatasetFile file, Line line, DatasetLimits limits)
    {
        if (line.Bytes is not { } bytes)
            return DatasetRow.Unreadable(file.Path, line.Number, $"a line of at most {limits.RowBytes >> 10} KiB", "a longer one");
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            return JsonColumns.Row(file.Path, line.Number, document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return DatasetRow.Unreadable(file.Path, line.Number, "a JSON object", JsonFault.Describe(e));
        }
    }
}
