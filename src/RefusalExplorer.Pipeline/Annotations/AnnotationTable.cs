using System.Collections.Frozen;
using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Pipeline.Annotations;

/// <summary>What is said of a model's features now. Withdrawn annotations, and those of other SAEs than the ones that run, are left out.</summary>
public sealed class AnnotationTable
{
    private readonly FrozenDictionary<FeatureId, ImmutableArray<Annotation>> _byFeature;

    /// <summary>Sorts annotations by feature.</summary>
    /// <param name="annotations">The current ones of a model.</param>
    /// <param name="columns">The model's features.</param>
    public AnnotationTable(IEnumerable<Annotation> annotations, FeatureColumns columns)
    {
        Annotation[] said = [.. annotations.Where(a => !IsEmpty(a))];
        Annotation[] own = [.. said.Where(a => columns.Row(a.Key.Feature) >= 0 && columns.Sae(a.Key.Feature.Layer) == a.Key.Sae)];
        OfOtherSaes = said.Length - own.Length;
        _byFeature = own.GroupBy(a => a.Key.Feature).ToFrozenDictionary(g => g.Key, g => g.ToImmutableArray());
        Annotators = [.. own.Select(a => a.Key.Annotator).Distinct(StringComparer.Ordinal).Order(StringComparer.OrdinalIgnoreCase)];
        Labels = [.. own.SelectMany(a => a.Labels).Distinct(StringComparer.Ordinal).Order(StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>Who annotated.</summary>
    public ImmutableArray<string> Annotators { get; }

    /// <summary>Labels given.</summary>
    public ImmutableArray<string> Labels { get; }

    /// <summary>Annotations that belong to another SAE than the one that runs.</summary>
    public int OfOtherSaes { get; }

    /// <summary>Annotated features.</summary>
    public int Count => _byFeature.Count;

    /// <summary>A feature's annotations, by annotator.</summary>
    public ImmutableArray<Annotation> Of(FeatureId feature) => _byFeature.TryGetValue(feature, out ImmutableArray<Annotation> found) ? found : [];

    /// <summary>What one annotator says of a feature, or null.</summary>
    public Annotation? Of(FeatureId feature, string annotator) => Of(feature).FirstOrDefault(a => a.Key.Annotator == annotator);

    /// <summary>Features that an annotator (null: anybody) gave a label (null: any, or notes).</summary>
    public IEnumerable<FeatureId> Features(string? annotator, string? label) => _byFeature
        .Where(f => f.Value.Any(a => (annotator is null || a.Key.Annotator == annotator) && (label is null || a.Labels.Contains(label))))
        .Select(f => f.Key);

    internal static bool IsEmpty(Annotation annotation) => annotation.Labels.IsEmpty && annotation.Notes.Length == 0;
}
