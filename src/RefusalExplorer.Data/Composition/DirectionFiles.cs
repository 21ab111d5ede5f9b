using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Data.Composition;

/// <summary>Directions named in requests: a safetensors file first, else a stored id. The store is opened only for an id.</summary>
internal sealed class DirectionFiles(Func<IDirectionStore> store) : IDirectionSource
{
    private const string TensorName = "direction";

    /// <inheritdoc/>
    public ImmutableArray<float> Read(string pathOrId) => ReadWithHook(pathOrId).Vector;

    /// <inheritdoc/>
    public (ImmutableArray<float> Vector, string? Hook) ReadWithHook(string pathOrId)
    {
        if (File.Exists(pathOrId))
            return (ReadFile(pathOrId), null);
        if (Directory.Exists(pathOrId))
        {
            RefusalDirection direction = ReferenceDirectionFiles.Read(pathOrId).Direction;
            return (direction.Vector, direction.HookName);
        }
        if (pathOrId.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            throw new EngineException($"direction {pathOrId}: no such file");
        return store().TryGet(pathOrId, out StoredDirection? stored)
            ? (stored.Vector, stored.Hook)
            : throw new EngineException($"direction '{pathOrId}': neither a safetensors file, nor a folder of the reference's files, nor a stored direction's id");
    }

    internal static ImmutableArray<float> ReadFile(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (!file.Names.Contains(TensorName))
            throw new EngineException($"{path}: expected a vector '{TensorName}' [D], found {string.Join(", ", file.Names.Take(5))}");
        IReadOnlyList<long> shape = file.Shape(TensorName);
        if (shape.Count != 1)
            throw new EngineException($"{path}: '{TensorName}' has shape [{string.Join(", ", shape)}]; expected one vector [D]");
        return [.. file.ReadFloats(TensorName)];
    }
}
