using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Probing;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Data.Composition;

/// <summary>Directions that a study names: a folder of the reference's files, a safetensors file, or a stored id.</summary>
internal sealed class StudyDirections(IDirectionSource source, Func<IDirectionStore> store) : IStudyDirections
{
    /// <inheritdoc/>
    public RefusalDirection Read(string pathOrId, string? hook, int position)
    {
        if (Directory.Exists(pathOrId))
            return ReferenceDirectionFiles.Read(pathOrId).Direction;
        if (!File.Exists(pathOrId) && store().TryGet(pathOrId, out StoredDirection? stored))
            return RefusalDirection.Create(stored.Vector, stored.Hook, stored.Position ?? position, $"stored direction {pathOrId}");
        IEnumerable<float> vector = source.Read(pathOrId);
        return hook is null
            ? throw new EngineException($"direction {pathOrId}: a bare vector; expected the hook that it was read at in $.direction.hook, for example blocks.16.hook_resid_pre")
            : RefusalDirection.Create(vector, hook, position, $"read from {Path.GetFileName(pathOrId)}");
    }
}
