using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Cli;

/// <summary>Runs and directions that are not kept: what commands work with while the dashboard holds the store.</summary>
internal sealed class UnlistedRuns : IRunStore, IDirectionStore
{
    private readonly Dictionary<string, StoredDirection> _directions = [];

    public Task SaveAsync(RunHeader run, string payload, CancellationToken cancellation = default) => Task.CompletedTask;

    public Task<bool> SetStatusAsync(string id, RunStatus status, string? reason = null, CancellationToken cancellation = default) => Task.FromResult(false);

    public bool TryGet(string id, [NotNullWhen(true)] out StoredRun? run)
    {
        run = null;
        return false;
    }

    public Page<RunHeader> List(RunQuery query) => new([], 0);

    public Task<bool> DeleteAsync(string id, CancellationToken cancellation = default) => Task.FromResult(false);

    public Task SaveAsync(StoredDirection direction, CancellationToken cancellation = default)
    {
        _directions[direction.Id] = direction;
        return Task.CompletedTask;
    }

    public bool TryGet(string id, [NotNullWhen(true)] out StoredDirection? direction) => _directions.TryGetValue(id, out direction);

    public ImmutableArray<StoredDirection> List(string? model = null) => [.. _directions.Values];
}
