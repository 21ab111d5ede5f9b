using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Pipeline.Catalog;

/// <summary>Finds the files of a repository in the hub cache.</summary>
public interface IHubCache
{
    /// <summary>The newest snapshot's folder, or null where nothing of the repository is cached.</summary>
    string? SnapshotOf(string repo);
}

/// <summary>The configured models, the embedded demo first, and models named by their path.</summary>
public sealed class ModelCatalog(IEnumerable<ConfiguredModel> configured, IHubCache? hub = null)
{
    /// <summary>All configured models.</summary>
    public ImmutableArray<ConfiguredModel> Models { get; } =
        [DemoModel.Configuration, .. configured.Where(m => m.Name != DemoModel.Name)];

    /// <summary>A configured model by name.</summary>
    /// <exception cref="EngineException">There is none of that name.</exception>
    public ConfiguredModel Configured(string name) =>
        Models.FirstOrDefault(m => m.Name == name) ?? throw new EngineException(
            $"model '{name}': expected a configured name ({string.Join(", ", Models.Select(m => m.Name))}) or the path of a checkpoint folder or GGUF file");

    /// <summary>What to load for a configured name or a path.</summary>
    /// <exception cref="EngineException">Neither a configured name nor a path that exists, or the weights are not here yet.</exception>
    public ModelSpec Resolve(string nameOrPath)
    {
        if (Models.Any(m => m.Name == nameOrPath))
            return Spec(Configured(nameOrPath));
        if (File.Exists(nameOrPath) || Directory.Exists(nameOrPath))
        {
            string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(nameOrPath));
            // A folder has no extension: what follows the dot of Llama-3.1-8B is its version.
            return new ModelSpec { Name = Directory.Exists(full) ? Path.GetFileName(full) : Path.GetFileNameWithoutExtension(full), Path = full };
        }
        return Spec(Configured(nameOrPath));
    }

    /// <summary>Where the weights of a configured model are, or null where they are missing.</summary>
    public string? WeightsOf(ConfiguredModel model)
    {
        string? path = model.Path ?? (model.Repo is null ? null : hub?.SnapshotOf(model.Repo));
        return path is not null && (File.Exists(path) || Directory.Exists(path)) ? path : null;
    }

    /// <summary>Where the SAE of each layer should be; paths need not exist.</summary>
    public ImmutableSortedDictionary<int, string> SaesOf(ConfiguredModel model)
    {
        string? root = model.SaeRepo is null ? "" : hub?.SnapshotOf(model.SaeRepo);
        if (root is null)
            return ImmutableSortedDictionary<int, string>.Empty;
        IEnumerable<KeyValuePair<int, string>> paths = model.SaePaths.Count > 0
            ? model.SaePaths
            : model.SaeLayers.Select(l => KeyValuePair.Create(l, (model.Saes ?? "").Replace("{l}", l.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)));
        return paths.ToImmutableSortedDictionary(p => p.Key, p => Path.Combine(root, p.Value));
    }

    private ModelSpec Spec(ConfiguredModel model) => new()
    {
        Name = model.Name,
        Path = WeightsOf(model) ?? throw new EngineException(model.Repo is null
            ? $"model '{model.Name}': nothing at {model.Path}; expected a GGUF file or a folder with config.json"
            : $"model '{model.Name}': its weights are not here; get them with 'refusal-explorer pull {model.Name}' or on the Models page"),
        Saes = SaesOf(model),
        GatingRule = model.GatingRule,
        Device = model.Device,
        Dtype = model.Dtype,
        Template = model.Template,
        RefusalTokens = model.RefusalTokens,
        NeuronpediaModel = model.NeuronpediaModel,
        NeuronpediaSource = model.NeuronpediaSource,
    };
}
