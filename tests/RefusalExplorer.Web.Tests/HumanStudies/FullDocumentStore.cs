using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Web.Tests.HumanStudies;

/// <summary>Documents in memory; refuses to write while <see cref="Full"/>.</summary>
internal sealed class FullDocumentStore : IDocumentStore
{
    private readonly ConcurrentDictionary<(string Collection, string Key), string> _documents = [];

    public bool Full { get; set; }

    public Task PutAsync(string collection, string key, string json, CancellationToken cancellation = default)
    {
        if (Full)
            throw new StoreException("the disk is full");
        _documents[(collection, key)] = json;
        return Task.CompletedTask;
    }

    public bool TryGet(string collection, string key, [NotNullWhen(true)] out string? json) => _documents.TryGetValue((collection, key), out json);

    public ImmutableArray<string> Keys(string collection) =>
        [.. _documents.Keys.Where(k => k.Collection == collection).Select(k => k.Key).Order(StringComparer.Ordinal)];

    public Task<bool> DeleteAsync(string collection, string key, CancellationToken cancellation = default) =>
        Task.FromResult(_documents.TryRemove((collection, key), out _));
}
