using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Datasets;
using ZstdSharp;

namespace RefusalExplorer.Data.Datasets;

/// <summary>Reads prompt files: CSV, JSON, JSONL and plain text, plain, gzipped or zstandard.</summary>
public sealed class DatasetReader(DatasetLimits? limits = null) : IDatasetReader
{
    private readonly DatasetLimits _limits = limits ?? new DatasetLimits();

    /// <inheritdoc/>
    public PromptDataset Read(PromptSetSpec spec, CancellationToken cancellation = default)
    {
        if (spec.Limit is <= 0)
            throw new PipelineException($"{spec.Path}: limit {spec.Limit}: expected 1 or more, or none for all prompts");
        var collected = new DatasetCollector(spec, _limits);
        foreach (DatasetFile file in DatasetFile.Find(spec.Path))
        {
            if (!collected.IsFull)
                Read(spec, file, collected, cancellation);
        }
        return collected.ToDataset();
    }

    private void Read(PromptSetSpec spec, DatasetFile file, DatasetCollector collected, CancellationToken cancellation)
    {
        try
        {
            DatasetSchema? schema = null;
            foreach (DatasetRow row in Rows(spec, file))
            {
                cancellation.ThrowIfCancellationRequested();
                if (row.Columns is not null)
                    schema ??= DatasetSchemas.Choose(spec, file, row);
                collected.Add(row, schema);
                if (collected.IsFull)
                    return;
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ZstdException or UnauthorizedAccessException)
        {
            throw new PipelineException($"{file.Path}: cannot be read to its end ({e.Message.TrimEnd('.')}); copy or download it again", e);
        }
    }

    private IEnumerable<DatasetRow> Rows(PromptSetSpec spec, DatasetFile file)
    {
        if (spec.Format == DatasetFormat.PlainText)
            return PlainTextRows.Read(file, _limits);
        switch (file.Ending)
        {
            case ".csv" or ".tsv":
                return CsvRows.Read(file, _limits);
            case ".txt" or ".text":
                return PlainTextRows.Read(file, _limits);
            case ".json" or ".jsonl" or ".ndjson":
                return file.FirstCharacter() == '[' ? JsonArrayRows.Read(file, _limits) : JsonLinesRows.Read(file, _limits);
            default:
                throw new PipelineException(
                    $"{file.Path}: expected .csv, .tsv, .json, .jsonl or .txt, each also with .gz or .zst, found {(file.Ending.Length == 0 ? "no ending" : file.Ending)}; convert it first");
        }
    }
}
