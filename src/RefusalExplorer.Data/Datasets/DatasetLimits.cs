namespace RefusalExplorer.Data.Datasets;

/// <summary>How much of a prompt file is held at most.</summary>
public sealed record DatasetLimits
{
    /// <summary>Bytes of a file after decompression; a small file can hold a very large one.</summary>
    public long Bytes { get; init; } = 8L << 30;

    /// <summary>Bytes of a JSON array after decompression, which is read as a whole.</summary>
    public long JsonBytes { get; init; } = 512L << 20;

    /// <summary>Bytes of one row.</summary>
    public int RowBytes { get; init; } = 16 << 20;

    /// <summary>Prompts.</summary>
    public int Rows { get; init; } = 1_000_000;

    /// <summary>Characters of all prompts together.</summary>
    public long Characters { get; init; } = 512L << 20;
}
