using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Datasets;

/// <summary>Which prompts of which file to take; part of a study's record.</summary>
public sealed record PromptSetSpec
{
    /// <summary>A file (<c>.csv</c>, <c>.json</c>, <c>.jsonl</c>, <c>.txt</c>, each also <c>.gz</c> or <c>.zst</c>), or several by <c>*</c> in the file name, read in ordinal order.</summary>
    public required string Path { get; init; }

    /// <summary>How the rows are laid out.</summary>
    public DatasetFormat Format { get; init; }

    /// <summary>Column or key of the prompt; <c>a.b</c> for a key inside an object. Null: as the format has it.</summary>
    public string? Column { get; init; }

    /// <summary>Column or key of the topic. Null: as the format has it.</summary>
    public string? CategoryColumn { get; init; }

    /// <summary>Whether the prompts ask for harm. Null: as the file says.</summary>
    public bool? Harmful { get; init; }

    /// <summary>Only rows that have these values in these columns, whatever their case (<c>FunctionalCategory</c> → <c>standard</c>).</summary>
    public ImmutableSortedDictionary<string, string> Where { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Prompts to take at most; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>Seed of the order that the limit cuts; null keeps the file's order.</summary>
    public long? Seed { get; init; }

    /// <summary>Leaves out prompts that occurred before (the reference's harmful splits: 871 rows, 861 prompts).</summary>
    public bool Unique { get; init; } = true;
}
