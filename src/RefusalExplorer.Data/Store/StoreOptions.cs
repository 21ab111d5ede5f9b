namespace RefusalExplorer.Data.Store;

/// <summary>Where the store is and how it keeps itself.</summary>
public sealed record StoreOptions
{
    /// <summary>The store's folder; made if it is not there.</summary>
    public required string Folder { get; init; }

    /// <summary>Time between backups; none is made while nothing changes.</summary>
    public TimeSpan BackupInterval { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Backups kept.</summary>
    public int BackupsKept { get; init; } = 5;

    /// <summary>Writes that may wait; a caller beyond that waits before it is queued.</summary>
    public int QueueCapacity { get; init; } = 1024;

    /// <summary>Writes are refused while the disk has less free space than this, bytes: LiteDB cannot recover from a write that fails half-way.</summary>
    public long MinimumFreeSpace { get; init; } = 64L << 20;

    /// <summary>Largest payload, characters of JSON.</summary>
    public int MaximumPayloadLength { get; init; } = 256 << 20;

    internal string DatabasePath => Path.Combine(Folder, "store.db");

    internal string LogPath => Path.Combine(Folder, "store-log.db");

    internal string BackupFolder => Path.Combine(Folder, "backups");

    internal string BrokenFolder => Path.Combine(Folder, "broken");

    internal string ExplanationsPath => Path.Combine(Folder, "explanations.sqlite");

    internal string NeuronpediaPath => Path.Combine(Folder, "neuronpedia.sqlite");
}
