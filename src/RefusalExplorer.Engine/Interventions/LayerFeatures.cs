using System.Runtime.CompilerServices;

namespace RefusalExplorer.Engine.Interventions;

/// <summary>The features of interventions by layer, sorted out once for each: a slider or a study sends the same edit again and again.</summary>
internal static class LayerFeatures
{
    private static readonly ConditionalWeakTable<Intervention, SortedDictionary<int, int[]>> Known = [];

    /// <summary>Distinct features of an edit by layer, ascending. Nobody may change the arrays.</summary>
    public static SortedDictionary<int, int[]> Of(Intervention edit) => Known.GetValue(edit, static e =>
    {
        var layers = new SortedDictionary<int, int[]>();
        foreach (IGrouping<int, FeatureId> layer in e.Features.GroupBy(f => f.Layer))
            layers[layer.Key] = [.. layer.Select(f => f.Index).Distinct().Order()];
        return layers;
    });

    /// <summary>The union by layer of edits and single features. Where all agree on a layer it is their own array.</summary>
    public static SortedDictionary<int, int[]> Union(IEnumerable<Intervention> edits, IEnumerable<FeatureId> others)
    {
        var union = new SortedDictionary<int, int[]>();
        foreach ((int layer, int[] features) in edits.SelectMany(Of).Concat(
            others.GroupBy(f => f.Layer).Select(g => KeyValuePair.Create(g.Key, (int[])[.. g.Select(f => f.Index).Distinct().Order()]))))
        {
            union[layer] = !union.TryGetValue(layer, out int[]? known) || known.AsSpan().SequenceEqual(features)
                ? features
                : [.. known.Union(features).Order()];
        }
        return union;
    }
}
