using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace RefusalExplorer.Pipeline.Ports;

/// <summary>JSON documents by collection and key: settings, codebooks, presets. A task that completes means that the write is on disk.</summary>
public interface IDocumentStore
{
    /// <summary>Adds a document or replaces the one of that key.</summary>
    Task PutAsync(string collection, string key, string json, CancellationToken cancellation = default);

    /// <summary>The document's JSON text, exactly as it was put.</summary>
    bool TryGet(string collection, string key, [NotNullWhen(true)] out string? json);

    /// <summary>A collection's keys, in ordinal order.</summary>
    ImmutableArray<string> Keys(string collection);

    /// <summary>Removes a document; false if there is no such one.</summary>
    Task<bool> DeleteAsync(string collection, string key, CancellationToken cancellation = default);
}
