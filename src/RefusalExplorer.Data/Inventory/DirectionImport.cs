using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Inventory;

/// <summary>What to import a direction from, and where it was read.</summary>
/// <param name="Path">A safetensors file with <c>direction</c> [D], or <c>direction.pt</c> of a refusal_direction run.</param>
/// <param name="FileName">Its name for people.</param>
/// <param name="Model">A configured model's name.</param>
/// <param name="Hook">Hook that it was read at (<c>blocks.16.hook_resid_pre</c>).</param>
/// <param name="Position">Token position, negative from the prompt's end.</param>
public sealed record DirectionFile(string Path, string FileName, string Model, string Hook, int Position);

/// <summary>Brings directions of other tools into the store.</summary>
public sealed class DirectionImport(IDirectionStore store, ModelInventory inventory, TimeProvider time)
{
    /// <summary>Reads, checks and keeps a direction.</summary>
    /// <exception cref="EngineException">The file is no direction, or not one of this model.</exception>
    public async Task<StoredDirection> ImportAsync(DirectionFile file, CancellationToken cancellation = default)
    {
        ModelFacts facts = inventory.All().FirstOrDefault(m => m.Model.Name == file.Model)
            ?? throw new EngineException($"model '{file.Model}': expected a configured name");
        RefusalDirection direction = RefusalDirection.Create(Read(file), file.Hook.Trim(), file.Position, $"imported from {file.FileName}");
        if (facts.Config is { } config)
        {
            if (direction.Vector.Length != config.ModelDim)
                throw new EngineException($"{file.FileName}: {direction.Vector.Length} numbers; expected {config.ModelDim}, the width of {file.Model}'s residual stream");
            if (direction.Block > config.Layers)
                throw new EngineException($"hook '{file.Hook}': {file.Model} has blocks 0–{config.Layers - 1}");
        }
        var stored = new StoredDirection
        {
            Id = $"{file.Model}-{direction.Id}",
            Model = file.Model,
            Hook = direction.HookName,
            Position = direction.Position,
            CreatedAt = time.GetUtcNow(),
            Vector = direction.Vector,
            Metadata = JsonSerializer.Serialize(new { source = direction.Source, norm = Math.Round(direction.Norm, 6) }),
        };
        await store.SaveAsync(stored, cancellation).ConfigureAwait(false);
        return stored;
    }

    private static ImmutableArray<float> Read(DirectionFile file)
    {
        try
        {
            string ending = System.IO.Path.GetExtension(file.FileName).ToUpperInvariant();
            return ending switch
            {
                ".SAFETENSORS" => DirectionFiles.ReadFile(file.Path),
                ".PT" or ".PTH" or ".BIN" => Vector(TorchTensorFile.Read(file.Path)),
                _ => throw new EngineException($"{file.FileName}: expected a .safetensors file with 'direction' [D], or a direction.pt"),
            };
        }
        catch (EngineException e) when (e.Message.StartsWith(file.Path, StringComparison.Ordinal))
        {
            // An upload lies under a name that says nothing to its owner.
            throw new EngineException(file.FileName + e.Message[file.Path.Length..], e);
        }
    }

    private static ImmutableArray<float> Vector(TorchTensor tensor) => tensor.Shape.Count == 1
        ? [.. tensor.Values.Select(v => (float)v)]
        : throw new EngineException(string.Create(CultureInfo.InvariantCulture, $"a tensor of shape [{string.Join(", ", tensor.Shape)}]; expected one vector [D]"));
}
