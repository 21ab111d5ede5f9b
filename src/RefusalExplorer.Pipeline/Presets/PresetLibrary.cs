using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Pipeline.Presets;

/// <summary>Presets by name, in the store.</summary>
public sealed class PresetLibrary(IDocumentStore documents)
{
    /// <summary>Collection of the documents.</summary>
    public const string Collection = "presets";

    private const int Most = 200;

    /// <summary>All presets, those that are always there first.</summary>
    public ImmutableArray<Preset> List() => [Preset.NoDirection, .. documents.Keys(Collection).Select(Read).OfType<Preset>()];

    /// <summary>The preset of that name, or null.</summary>
    public Preset? Find(string name) => name == Preset.NoDirection.Name ? Preset.NoDirection : Read(name);

    /// <summary>Adds a preset or replaces the one of that name.</summary>
    /// <exception cref="EngineException">The name is none, or that of a preset that is always there; or there are too many.</exception>
    public Task SaveAsync(Preset preset, CancellationToken cancellation = default)
    {
        Preset.CheckName(preset.Name);
        if (preset.Name == Preset.NoDirection.Name)
            throw new PipelineException($"preset '{preset.Name}' is always there; choose another name");
        // The edits are read now, so that what is wrong is said to whoever saves it.
        ProbeInterventions.Parse(preset.Interventions, ImmutableArray.Create(1f));
        ImmutableArray<string> known = documents.Keys(Collection);
        if (known.Length >= Most && !known.Contains(preset.Name))
            throw new PipelineException($"there are {known.Length} presets; delete some before you add more");
        return documents.PutAsync(Collection, preset.Name, JsonSerializer.Serialize(preset, ProbeJson.Options), cancellation);
    }

    /// <summary>Removes a preset; false if there is no such one.</summary>
    public Task<bool> DeleteAsync(string name, CancellationToken cancellation = default) => documents.DeleteAsync(Collection, name, cancellation);

    private Preset? Read(string name) =>
        documents.TryGet(Collection, name, out string? json) ? JsonSerializer.Deserialize<Preset>(json, ProbeJson.Options) : null;
}
