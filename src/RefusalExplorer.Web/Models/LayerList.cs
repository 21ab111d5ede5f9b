using System.Collections.Immutable;
using System.Globalization;

namespace RefusalExplorer.Web.Models;

/// <summary>Layers as people write them: <c>2, 11-14</c>.</summary>
public static class LayerList
{
    private const int MostLayers = 1000;

    /// <summary>Reads a list; empty text is null, all layers.</summary>
    /// <param name="text">What was typed.</param>
    /// <param name="problem">What is wrong with it, or null.</param>
    public static ImmutableSortedSet<int>? Read(string? text, out string? problem)
    {
        problem = null;
        if (string.IsNullOrWhiteSpace(text))
            return null;
        ImmutableSortedSet<int>.Builder layers = ImmutableSortedSet.CreateBuilder<int>();
        foreach (string part in text.Split([',', ' ', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] ends = part.Split('-', '–');
            if (ends.Length > 2 || !Number(ends[0], out int first) || !Number(ends[^1], out int last) || last < first || last >= MostLayers)
            {
                problem = $"layers: '{part}'; expected numbers and ranges, for example 2, 11-14";
                return null;
            }
            layers.UnionWith(Enumerable.Range(first, last - first + 1));
        }
        return layers.ToImmutable();
    }

    /// <summary>Writes layers as ranges: 0–3, 8.</summary>
    public static string Text(IEnumerable<int> layers)
    {
        var ranges = new List<(int First, int Last)>();
        foreach (int layer in layers.Order())
        {
            if (ranges.Count > 0 && ranges[^1].Last == layer - 1)
                ranges[^1] = (ranges[^1].First, layer);
            else
                ranges.Add((layer, layer));
        }
        return string.Join(", ", ranges.Select(r => r.First == r.Last ? $"{r.First}" : r.Last == r.First + 1 ? $"{r.First}, {r.Last}" : $"{r.First}–{r.Last}"));
    }

    private static bool Number(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
