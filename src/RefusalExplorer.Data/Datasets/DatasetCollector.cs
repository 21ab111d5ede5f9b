using System.Collections.Immutable;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Datasets;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Data.Datasets;

/// <summary>Turns rows into prompts and counts what is left out.</summary>
internal sealed class DatasetCollector(PromptSetSpec spec, DatasetLimits limits)
{
    private readonly List<DatasetItem> _items = [];
    private readonly List<BrokenRow> _broken = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private DatasetFormat? _format;
    private int _brokenCount, _filtered, _duplicates;
    private long _characters;

    /// <summary>Whether more rows could not change the result.</summary>
    public bool IsFull => spec.Seed is null && _items.Count >= spec.Limit;

    public void Add(DatasetRow row, DatasetSchema? schema)
    {
        if (row.Columns is null)
        {
            Break(row.Broken!);
            return;
        }

        _format ??= schema!.Format;
        string instruction = row.Text(schema!.Instruction).Trim();
        if (!schema.Keep(row) || !Wanted(row))
            _filtered++;
        else if (instruction.Length == 0)
            Break(Missing(row, schema));
        else if (spec.Unique && !_seen.Add(instruction))
            _duplicates++;
        else
            Keep(Item(row, schema, instruction));
    }

    public PromptDataset ToDataset()
    {
        DatasetItem[] items = [.. _items];
        if (spec.Seed is { } seed)
            new SeededRandom(seed).Shuffle<DatasetItem>(items);
        int taken = Math.Min(items.Length, spec.Limit ?? items.Length);
        return new PromptDataset
        {
            Spec = spec,
            Format = _format ?? spec.Format,
            Items = [.. items.Take(taken)],
            Broken = [.. _broken],
            BrokenCount = _brokenCount,
            Filtered = _filtered,
            Duplicates = _duplicates,
            Beyond = items.Length - taken,
        };
    }

    private void Keep(DatasetItem item)
    {
        _characters += item.Instruction.Length + (item.Target?.Length ?? 0) + (item.Context?.Length ?? 0) + item.Extras.Sum(e => e.Value.Length);
        if (_items.Count >= limits.Rows || _characters > limits.Characters)
        {
            throw new PipelineException(
                $"{item.File}:{item.Line}: more than {limits.Rows} prompts or {limits.Characters >> 20} Mi characters; set a limit without a seed, or split the file");
        }
        _items.Add(item);
    }

    private void Break(BrokenRow row)
    {
        _brokenCount++;
        if (_broken.Count < PromptDataset.BrokenKept)
            _broken.Add(row);
    }

    private bool Wanted(DatasetRow row)
    {
        foreach ((string column, string value) in spec.Where)
        {
            if (!row.Text(column).Trim().Equals(value, StringComparison.OrdinalIgnoreCase))
                return false;
        }
        return true;
    }

    private static BrokenRow Missing(DatasetRow row, DatasetSchema schema) =>
        new(row.File, row.Line, $"a prompt in '{schema.Instruction}'",
            row.Columns!.ContainsKey(schema.Instruction) ? "a blank one" : $"only {DatasetRow.Names(row.Columns.Keys)}");

    private DatasetItem Item(DatasetRow row, DatasetSchema schema, string instruction)
    {
        string? category = spec.CategoryColumn ?? schema.Category;
        string?[] used = [schema.Instruction, category, schema.Context, schema.Target, schema.Id, .. schema.Dropped];
        return new DatasetItem
        {
            Instruction = instruction,
            Category = Optional(row, category) is { } name ? schema.CategoryName(name) : null,
            Harmful = spec.Harmful ?? schema.Harmful(row),
            Context = Optional(row, schema.Context),
            Target = Optional(row, schema.Target),
            Id = Optional(row, schema.Id),
            Extras = row.Columns!
                .Where(c => c.Value.Length > 0 && !used.Contains(c.Key, StringComparer.OrdinalIgnoreCase))
                .ToImmutableDictionary(c => c.Key, c => c.Value, StringComparer.OrdinalIgnoreCase),
            File = row.File,
            Line = row.Line,
        };
    }

    private static string? Optional(DatasetRow row, string? column) =>
        column is not null && row.Text(column).Trim() is { Length: > 0 } text ? text : null;
}
