using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace RefusalExplorer.Pipeline.Ports;

/// <summary>Where a run stands.</summary>
public enum RunStatus
{
    /// <summary>Started, and its process lives.</summary>
    Running,

    /// <summary>Ended with a result.</summary>
    Finished,

    /// <summary>Ended with an error; the reason says which.</summary>
    Failed,

    /// <summary>It was stopped, or its process went away, before there was a result.</summary>
    Interrupted,
}

/// <summary>What lists show of a run.</summary>
public sealed record RunHeader
{
    /// <summary>Unique id; the permalink ends with it.</summary>
    public required string Id { get; init; }

    /// <summary>Kind of work (<c>experiment</c>, <c>study</c>, <c>stage1</c>, …).</summary>
    public required string Kind { get; init; }

    /// <summary>A configured model's name.</summary>
    public required string Model { get; init; }

    /// <summary>One line for lists.</summary>
    public required string Title { get; init; }

    /// <summary>UTC time of its start.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Where it stands.</summary>
    public RunStatus Status { get; init; } = RunStatus.Finished;

    /// <summary>Why it failed or was interrupted, one line.</summary>
    public string? Reason { get; init; }
}

/// <summary>A run with its payload.</summary>
/// <param name="Header">What lists show.</param>
/// <param name="Payload">The request, result and record as JSON text, exactly as it was saved.</param>
public sealed record StoredRun(RunHeader Header, string Payload);

/// <summary>Which runs to list; newest first.</summary>
public sealed record RunQuery
{
    /// <summary>Only this kind, or null for all.</summary>
    public string? Kind { get; init; }

    /// <summary>Only this model, or null for all.</summary>
    public string? Model { get; init; }

    /// <summary>Only this status, or null for all.</summary>
    public RunStatus? Status { get; init; }

    /// <summary>Rows to pass over.</summary>
    public int Skip { get; init; }

    /// <summary>Rows to return at most.</summary>
    public int Take { get; init; } = 50;
}

/// <summary>One page of a list.</summary>
/// <typeparam name="T">Row.</typeparam>
/// <param name="Items">The rows of this page.</param>
/// <param name="Total">Rows of all pages together.</param>
public sealed record Page<T>(ImmutableArray<T> Items, long Total);

/// <summary>Runs by id. A task that completes means that the write is on disk.</summary>
public interface IRunStore
{
    /// <summary>Adds a run or replaces the one of that id.</summary>
    /// <exception cref="StoreException">The payload is over the store's limit, or the disk is full.</exception>
    Task SaveAsync(RunHeader run, string payload, CancellationToken cancellation = default);

    /// <summary>Changes a run's status, leaving its payload; false if there is no such run.</summary>
    Task<bool> SetStatusAsync(string id, RunStatus status, string? reason = null, CancellationToken cancellation = default);

    /// <summary>The run of that id.</summary>
    bool TryGet(string id, [NotNullWhen(true)] out StoredRun? run);

    /// <summary>Runs, newest first.</summary>
    Page<RunHeader> List(RunQuery query);

    /// <summary>Removes a run; false if there is no such run.</summary>
    Task<bool> DeleteAsync(string id, CancellationToken cancellation = default);
}
