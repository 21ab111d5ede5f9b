using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Web.Tests.Analyses;

/// <summary>Documents in memory.</summary>
public sealed class MemoryDocuments : IDocumentStore
{
    private readonly ConcurrentDictionary<(string, string), string> _documents = new();

    public Task PutAsync(string collection, string key, string json, CancellationToken cancellation = default)
    {
        _documents[(collection, key)] = json;
        return Task.CompletedTask;
    }

    public bool TryGet(string collection, string key, [NotNullWhen(true)] out string? json) => _documents.TryGetValue((collection, key), out json);

    public ImmutableArray<string> Keys(string collection) =>
        [.. _documents.Keys.Where(k => k.Item1 == collection).Select(k => k.Item2).Order(StringComparer.Ordinal)];

    public Task<bool> DeleteAsync(string collection, string key, CancellationToken cancellation = default) =>
        Task.FromResult(_documents.TryRemove((collection, key), out _));
}
