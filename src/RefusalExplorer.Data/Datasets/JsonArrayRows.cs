using System.Text.Json;
using RefusalExplorer.Pipeline;

namespace RefusalExplorer.Data.Datasets;

/// <summary>A JSON array of objects or texts. An element of another kind is a broken row; a syntax error ends the file, since nothing after it can be trusted.</summary>
internal static class JsonArrayRows
{
    public static IEnumerable<DatasetRow> Read(DatasetFile file, DatasetLimits limits)
    {
        ReadOnlyMemory<byte> bytes = ReadAll(file, limits);
        int position = 0;
        JsonReaderState state = default;
        (int Offset, long Line) counted = (0, 1);
        while (Next(file, bytes, ref position, ref state, ref counted) is { } row)
            yield return row;
    }

    private static ReadOnlyMemory<byte> ReadAll(DatasetFile file, DatasetLimits limits)
    {
        using Stream stream = file.Open(limits.JsonBytes);
        using var all = new MemoryStream();
        stream.CopyTo(all);
        ReadOnlyMemory<byte> bytes = all.GetBuffer().AsMemory(0, (int)all.Length);
        return bytes.Span.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
    }

    /// <summary>The next element, or null at the array's end. An iterator cannot hold the reader itself, which lives on the stack.</summary>
    private static DatasetRow? Next(
        DatasetFile file, ReadOnlyMemory<byte> bytes, ref int position, ref JsonReaderState state, ref (int Offset, long Line) counted)
    {
        int from = position;
        var reader = new Utf8JsonReader(bytes.Span[from..], isFinalBlock: true, state);
        try
        {
            if (!reader.Read())
                return null;
            if (reader.TokenType == JsonTokenType.StartArray && reader.CurrentDepth == 0 && !reader.Read())
                return null;
            if (reader.TokenType == JsonTokenType.EndArray)
            {
                // Reads what follows the array, so that rubbish there is not passed over.
                reader.Read();
                return null;
            }

            int start = position + (int)reader.TokenStartIndex;
            counted = (start, counted.Line + bytes.Span[counted.Offset..start].Count((byte)'\n'));
            using JsonDocument element = JsonDocument.ParseValue(ref reader);
            position += (int)reader.BytesConsumed;
            state = reader.CurrentState;
            return JsonColumns.Row(file.Path, counted.Line, element.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            int end = from + (int)reader.BytesConsumed;
            long line = counted.Line + bytes.Span[counted.Offset..Math.Max(end, counted.Offset)].Count((byte)'\n');
            throw new PipelineException(
                $"{file.Path}:{line}: expected a JSON array of objects, found {JsonFault.Describe(e)}; mend the file, or write one object a line (.jsonl), which reads past a broken one", e);
        }
    }
}
