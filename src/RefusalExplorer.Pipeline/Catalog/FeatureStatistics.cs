using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Pipeline.Catalog;

/// <summary>Largest activation and density of a model's features over the corpus that its statistics come from.</summary>
/// <remarks>A safetensors file with <c>L{l}.max_act</c> and <c>L{l}.frac_nonzero</c> [F] for each layer.</remarks>
public sealed class FeatureStatistics
{
    private readonly Dictionary<int, (float[] MaxActivation, float[] Density)> _layers = [];

    private FeatureStatistics()
    {
    }

    /// <summary>Nothing is known.</summary>
    public static FeatureStatistics None { get; } = new();

    /// <summary>Reads a statistics file.</summary>
    /// <exception cref="CheckpointFormatException">The file is missing or broken.</exception>
    public static FeatureStatistics Read(string path)
    {
        var statistics = new FeatureStatistics();
        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach (string name in file.Names.Where(n => n.EndsWith(".max_act", StringComparison.Ordinal)))
        {
            string prefix = name[..^".max_act".Length];
            if (int.TryParse(prefix.AsSpan(1), out int layer))
                statistics._layers[layer] = (file.ReadFloats(name), file.ReadFloats(prefix + ".frac_nonzero"));
        }
        return statistics;
    }

    /// <summary>Largest activation seen, or null where it is not known.</summary>
    public double? MaxActivation(FeatureId feature) =>
        _layers.TryGetValue(feature.Layer, out var l) && feature.Index < l.MaxActivation.Length ? l.MaxActivation[feature.Index] : null;

    /// <summary>Share of tokens on which it is not zero, or null where it is not known.</summary>
    public double? Density(FeatureId feature) =>
        _layers.TryGetValue(feature.Layer, out var l) && feature.Index < l.Density.Length ? l.Density[feature.Index] : null;
}
