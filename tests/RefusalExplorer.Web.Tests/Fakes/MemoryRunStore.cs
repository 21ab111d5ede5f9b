using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Web.Tests.Fakes;

/// <summary>A run store in memory that can be made to refuse.</summary>
public sealed class MemoryRunStore : IRunStore
{
    private readonly ConcurrentDictionary<string, StoredRun> _runs = new();

    /// <summary>Asked before each save; throws to refuse.</summary>
    public Action<RunHeader>? OnSave { get; set; }

    public Task SaveAsync(RunHeader run, string payload, CancellationToken cancellation = default)
    {
        OnSave?.Invoke(run);
        _runs[run.Id] = new StoredRun(run, payload);
        return Task.CompletedTask;
    }

    public Task<bool> SetStatusAsync(string id, RunStatus status, string? reason = null, CancellationToken cancellation = default)
    {
        if (!_runs.TryGetValue(id, out StoredRun? run))
            return Task.FromResult(false);
        _runs[id] = run with { Header = run.Header with { Status = status, Reason = reason } };
        return Task.FromResult(true);
    }

    public bool TryGet(string id, [NotNullWhen(true)] out StoredRun? run) => _runs.TryGetValue(id, out run);

    public Page<RunHeader> List(RunQuery query)
    {
        RunHeader[] rows = [.. _runs.Values.Select(r => r.Header)
            .Where(h => (query.Kind ?? h.Kind) == h.Kind && (query.Model ?? h.Model) == h.Model && (query.Status ?? h.Status) == h.Status)
            .OrderByDescending(h => h.CreatedAt)];
        return new Page<RunHeader>([.. rows.Skip(query.Skip).Take(query.Take)], rows.Length);
    }

    public Task<bool> DeleteAsync(string id, CancellationToken cancellation = default) => Task.FromResult(_runs.TryRemove(id, out _));
}
