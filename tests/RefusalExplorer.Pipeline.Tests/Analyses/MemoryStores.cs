using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using RefusalExplorer.Pipeline.Datasets;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Pipeline.Tests.Analyses;

internal sealed class MemoryRuns : IRunStore
{
    private readonly Dictionary<string, StoredRun> _runs = [];

    public Task SaveAsync(RunHeader run, string payload, CancellationToken cancellation = default)
    {
        _runs[run.Id] = new StoredRun(run, payload);
        return Task.CompletedTask;
    }

    public Task<bool> SetStatusAsync(string id, RunStatus status, string? reason = null, CancellationToken cancellation = default)
    {
        _runs[id] = _runs[id] with { Header = _runs[id].Header with { Status = status, Reason = reason } };
        return Task.FromResult(true);
    }

    public bool TryGet(string id, [NotNullWhen(true)] out StoredRun? run) => _runs.TryGetValue(id, out run);

    public Page<RunHeader> List(RunQuery query) => new([.. _runs.Values.Select(r => r.Header)], _runs.Count);

    public Task<bool> DeleteAsync(string id, CancellationToken cancellation = default) => Task.FromResult(_runs.Remove(id));
}

internal sealed class MemoryDirections : IDirectionStore, IDirectionSource
{
    private readonly Dictionary<string, StoredDirection> _directions = [];

    public Task SaveAsync(StoredDirection direction, CancellationToken cancellation = default)
    {
        _directions[direction.Id] = direction;
        return Task.CompletedTask;
    }

    public bool TryGet(string id, [NotNullWhen(true)] out StoredDirection? direction) => _directions.TryGetValue(id, out direction);

    public ImmutableArray<StoredDirection> List(string? model = null) => [.. _directions.Values];

    public Task<bool> DeleteAsync(string id, CancellationToken cancellation = default) => Task.FromResult(_directions.Remove(id));

    public ImmutableArray<float> Read(string pathOrId) => _directions[pathOrId].Vector;

    public (ImmutableArray<float> Vector, string? Hook) ReadWithHook(string pathOrId) => (_directions[pathOrId].Vector, _directions[pathOrId].Hook);
}

internal sealed class MemoryDocuments : IDocumentStore
{
    private readonly Dictionary<(string, string), string> _documents = [];

    public Task PutAsync(string collection, string id, string json, CancellationToken cancellation = default)
    {
        _documents[(collection, id)] = json;
        return Task.CompletedTask;
    }

    public bool TryGet(string collection, string id, [NotNullWhen(true)] out string? json) => _documents.TryGetValue((collection, id), out json);

    public ImmutableArray<string> Keys(string collection) => [.. _documents.Keys.Where(k => k.Item1 == collection).Select(k => k.Item2).Order(StringComparer.Ordinal)];

    public Task<bool> DeleteAsync(string collection, string id, CancellationToken cancellation = default) => Task.FromResult(_documents.Remove((collection, id)));
}

/// <summary>Prompt files by their path.</summary>
internal sealed class MemoryDatasets : IDatasetReader
{
    public Dictionary<string, ImmutableArray<DatasetItem>> Files { get; } = [];

    public PromptDataset Read(PromptSetSpec spec, CancellationToken cancellation = default) =>
        new() { Spec = spec, Format = spec.Format, Items = [.. Files[spec.Path].Take(spec.Limit ?? int.MaxValue)] };
}
