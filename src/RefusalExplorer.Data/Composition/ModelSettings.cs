using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Data.Composition;

/// <summary>A model in the settings. Of a known model's name, it changes what it names and leaves the rest.</summary>
public sealed class ModelSettings
{
    public string? Name { get; set; }
    public string? Description { get; set; }
    public string? Path { get; set; }
    public string? Repo { get; set; }
    public string? Saes { get; set; }
    public IDictionary<string, string> SaePaths { get; } = new Dictionary<string, string>();
    public IList<int> SaeLayers { get; } = [];
    public string? SaeRepo { get; set; }
    public SaeGatingRule? GatingRule { get; set; }
    public string? Device { get; set; }
    public string? Dtype { get; set; }
    public string? Template { get; set; }
    public IList<int> RefusalTokens { get; } = [];
    public int? DirectionLayer { get; set; }
    public string? NeuronpediaModel { get; set; }
    public string? NeuronpediaSource { get; set; }

    /// <summary>The model as the catalog takes it.</summary>
    /// <param name="known">The known model of that name, or null.</param>
    /// <exception cref="EngineException">No name, neither path nor repository, or a layer that is no number.</exception>
    public ConfiguredModel ToModel(ConfiguredModel? known = null)
    {
        string name = Name ?? throw new EngineException("settings, Models: an entry without Name; expected Name and one of Path and Repo");
        if ((Path ?? Repo ?? known?.Path ?? known?.Repo) is null)
            throw new EngineException($"settings, Models, {name}: expected Path or Repo");
        return WithSaes((known ?? new ConfiguredModel { Name = name }) with
        {
            Description = Description ?? known?.Description ?? "",
            Path = Path ?? (Repo is null ? known?.Path : null),
            Repo = Repo ?? known?.Repo,
            GatingRule = GatingRule ?? known?.GatingRule,
            Device = Device ?? known?.Device ?? "cpu",
            Dtype = Dtype ?? known?.Dtype ?? "float32",
            Template = Template ?? known?.Template,
            RefusalTokens = RefusalTokens.Count > 0 ? [.. RefusalTokens] : known?.RefusalTokens ?? [],
            DirectionLayer = DirectionLayer ?? known?.DirectionLayer,
            NeuronpediaModel = NeuronpediaModel ?? known?.NeuronpediaModel,
            NeuronpediaSource = NeuronpediaSource ?? known?.NeuronpediaSource,
        });
    }

    private ConfiguredModel WithSaes(ConfiguredModel model)
    {
        // SAEs of one's own take the place of all that is known of them; layers alone choose among the known ones.
        if (Saes is null && SaePaths.Count == 0 && SaeRepo is null)
        {
            return SaeLayers.Count == 0 ? model : model with
            {
                SaeLayers = [.. SaeLayers],
                SaePaths = model.SaePaths.Where(p => SaeLayers.Contains(p.Key)).ToImmutableSortedDictionary(),
            };
        }
        return model with
        {
            Saes = Saes,
            SaePaths = SaePaths.ToImmutableSortedDictionary(
                p => int.TryParse(p.Key, out int layer)
                    ? layer
                    : throw new EngineException($"settings, Models, {Name}, SaePaths: '{p.Key}' is no layer; expected a number"),
                p => p.Value),
            SaeLayers = [.. SaeLayers],
            SaeRepo = SaeRepo,
        };
    }
}
