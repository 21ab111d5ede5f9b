using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Datasets;

namespace RefusalExplorer.Data.Datasets;

/// <summary>Which columns of a format hold what.</summary>
internal sealed record DatasetSchema
{
    public required DatasetFormat Format { get; init; }

    /// <summary>Columns that it is recognised by and cannot do without.</summary>
    public required ImmutableArray<string> Signature { get; init; }

    /// <summary>Columns that another format of the same signature has.</summary>
    public ImmutableArray<string> Foreign { get; init; } = [];

    /// <summary>Column of the prompt.</summary>
    public required string Instruction { get; init; }

    public string? Category { get; init; }

    public string? Context { get; init; }

    public string? Target { get; init; }

    public string? Id { get; init; }

    /// <summary>Columns that are not carried along: answers to harmful requests.</summary>
    public ImmutableArray<string> Dropped { get; init; } = [];

    /// <summary>Whether the row belongs to the set.</summary>
    public Func<DatasetRow, bool> Keep { get; init; } = _ => true;

    /// <summary>Whether the row asks for harm, or null.</summary>
    public Func<DatasetRow, bool?> Harmful { get; init; } = _ => true;

    /// <summary>The category as it is shown.</summary>
    public Func<string, string> CategoryName { get; init; } = c => c;

    public bool Fits(IReadOnlyDictionary<string, string> columns) =>
        Signature.All(columns.ContainsKey) && !Foreign.Any(columns.ContainsKey);
}
