using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace RefusalExplorer.Pipeline.Ports;

/// <summary>A direction of the residual stream as it is kept.</summary>
public sealed record StoredDirection
{
    /// <summary>Unique id.</summary>
    public required string Id { get; init; }

    /// <summary>A configured model's name.</summary>
    public required string Model { get; init; }

    /// <summary>Hook that it was read at (<c>blocks.16.hook_resid_pre</c>): never a bare layer number, since conventions differ by one.</summary>
    public required string Hook { get; init; }

    /// <summary>Token position that it was read at, negative from the prompt's end, or null for a mean over positions.</summary>
    public int? Position { get; init; }

    /// <summary>UTC time of its making.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The vector, [D], unnormalised; every float comes back with the same bits.</summary>
    public required ImmutableArray<float> Vector { get; init; }

    /// <summary>How it was made (prompt sets, selector, scores) as JSON text.</summary>
    public string Metadata { get; init; } = "{}";
}

/// <summary>Directions by id. A task that completes means that the write is on disk.</summary>
public interface IDirectionStore
{
    /// <summary>Adds a direction or replaces the one of that id.</summary>
    Task SaveAsync(StoredDirection direction, CancellationToken cancellation = default);

    /// <summary>The direction of that id.</summary>
    bool TryGet(string id, [NotNullWhen(true)] out StoredDirection? direction);

    /// <summary>Directions of a model, or of all, newest first.</summary>
    ImmutableArray<StoredDirection> List(string? model = null);

    /// <summary>Removes a direction; false if there is no such one.</summary>
    Task<bool> DeleteAsync(string id, CancellationToken cancellation = default);
}
