using System.Text.Unicode;
using CsvHelper;
using RefusalExplorer.Pipeline;

namespace RefusalExplorer.Data.Datasets;

/// <summary>CSV with a header; fields may hold newlines. A row with another number of fields than the header, or with stray quotes, is a broken row.</summary>
internal static class CsvRows
{
    public static IEnumerable<DatasetRow> Read(DatasetFile file, DatasetLimits limits)
    {
        var broken = new Queue<CsvMalformedRecord>();
        using var reader = CsvReader.Create(file.Open(limits.Bytes), new CsvReaderOptions
        {
            Separator = file.Ending == ".tsv" ? '\t' : ',',
            TrackLineNumbers = true,
            MaxRecordSize = limits.RowBytes,
            MalformedData = CsvMalformedDataHandling.Skip,
            FieldCountMismatch = CsvFieldCountHandling.Skip,
            OnMalformedRecord = broken.Enqueue,
        });
        string[] header = Header(reader, file);
        bool more;
        do
        {
            more = Advance(reader, file);
            while (broken.TryDequeue(out CsvMalformedRecord bad))
                yield return Broken(bad, file, header);
            if (more)
                yield return Row(reader, file, header);
        }
        while (more);
    }

    private static string[] Header(CsvReader reader, DatasetFile file)
    {
        try
        {
            string[] header = [.. reader.Headers.Select(h => h.Trim())];
            return header.Length > 0 ? header : throw new PipelineException($"{file.Path}: expected a header line, found an empty file");
        }
        catch (CsvFormatException e)
        {
            throw new PipelineException($"{file.Path}:1: expected a header line, found one with a stray or unclosed quote", e);
        }
    }

    private static bool Advance(CsvReader reader, DatasetFile file)
    {
        try
        {
            return reader.Read();
        }
        catch (CsvFormatException e)
        {
            throw new PipelineException($"{file.Path}:{e.LineNumber}: this row is too long; a quote may be unclosed ({e.Message})", e);
        }
    }

    private static DatasetRow Row(CsvReader reader, DatasetFile file, string[] header)
    {
        if (!Utf8.IsValid(reader.RawRecord))
            return DatasetRow.Unreadable(file.Path, reader.LineNumber, "UTF-8 text", "other bytes");
        Dictionary<string, string> columns = DatasetRow.NewColumns();
        for (int i = 0; i < header.Length; i++)
            columns[header[i]] = reader.GetString(i);
        return new DatasetRow(file.Path, reader.LineNumber) { Columns = columns };
    }

    private static DatasetRow Broken(CsvMalformedRecord bad, DatasetFile file, string[] header) => bad.Reason switch
    {
        CsvMalformedReason.FieldCountMismatch => DatasetRow.Unreadable(
            file.Path, bad.LineNumber, $"{header.Length} fields ({DatasetRow.Names(header)})", "another number of fields"),
        CsvMalformedReason.UnterminatedQuote => DatasetRow.Unreadable(
            file.Path, bad.LineNumber, "a closing quote", $"none; {bad.RawRecord.AsSpan().Count('\n') + 1} lines up to the end of the file are lost to it"),
        _ => DatasetRow.Unreadable(file.Path, bad.LineNumber, "quotes only around a whole field, doubled inside it", "a stray quote"),
    };
}
