using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.Controls;

/// <summary>What a control keeps of the set that it imitates.</summary>
public enum ControlKind
{
    /// <summary>As many random features of each layer, active or not.</summary>
    Random,

    /// <summary>As many random features of each layer that are active: on the prompt where it has a set of its own (the paper's control), else on any.</summary>
    Active,

    /// <summary>For each feature another of its layer that is active on about as many tokens.</summary>
    MatchedActivity,

    /// <summary>For each feature another of its layer whose removal changes the residual stream by about as much: Σ z·‖d‖ over the prompts.</summary>
    MatchedNorm,
}

/// <summary>What every feature of a layer does on the prompts.</summary>
/// <param name="Tokens">Tokens on which it is active, [F].</param>
/// <param name="Norm">Sum of activation times decoder norm over all tokens, [F].</param>
internal sealed record LayerActivity(int[] Tokens, double[] Norm);

/// <summary>Draws control sets. Equal seeds give equal sets.</summary>
/// <param name="activity">By layer, over all prompts.</param>
internal sealed class ControlDraws(IReadOnlyDictionary<int, LayerActivity> activity)
{
    private readonly Dictionary<int, int[]> _active = activity.ToDictionary(
        a => a.Key, a => Enumerable.Range(0, a.Value.Tokens.Length).Where(i => a.Value.Tokens[i] > 0).ToArray());
    private readonly Dictionary<int, Neighbourhood> _byTokens = activity.ToDictionary(a => a.Key, a => new Neighbourhood([.. a.Value.Tokens.Select(t => (double)t)]));
    private readonly Dictionary<int, Neighbourhood> _byNorm = activity.ToDictionary(a => a.Key, a => new Neighbourhood(a.Value.Norm));

    /// <summary>The first layer that has fewer other features of a kind than the set, or null where a control can be drawn.</summary>
    /// <param name="features">The set to imitate.</param>
    /// <param name="kind">What is kept.</param>
    /// <param name="active">Features that count as active, by layer; null: those active on any prompt.</param>
    public int? TooFewAt(IEnumerable<FeatureId> features, ControlKind kind, IReadOnlyDictionary<int, int[]>? active = null)
    {
        foreach (IGrouping<int, FeatureId> layer in features.GroupBy(f => f.Layer).OrderBy(g => g.Key))
        {
            HashSet<int> own = [.. layer.Select(f => f.Index)];
            int free = kind == ControlKind.Active
                ? (active ?? _active)[layer.Key].Count(i => !own.Contains(i))
                : activity[layer.Key].Tokens.Length - own.Count;
            if (free < own.Count)
                return layer.Key;
        }
        return null;
    }

    /// <summary>One control set; <see cref="TooFewAt"/> must be null.</summary>
    /// <param name="features">The set to imitate.</param>
    /// <param name="kind">What is kept.</param>
    /// <param name="random">Source of the draw.</param>
    /// <param name="active">Features that count as active, by layer; null: those active on any prompt.</param>
    public ImmutableArray<FeatureId> Draw(
        IEnumerable<FeatureId> features, ControlKind kind, SeededRandom random, IReadOnlyDictionary<int, int[]>? active = null)
    {
        List<FeatureId> drawn = [];
        foreach (IGrouping<int, FeatureId> layer in features.GroupBy(f => f.Layer).OrderBy(g => g.Key))
        {
            int count = activity[layer.Key].Tokens.Length;
            int[] own = [.. layer.Select(f => f.Index).Order()];
            var taken = new bool[count];
            foreach (int index in own)
                taken[index] = true;
            IEnumerable<int> indices = kind switch
            {
                ControlKind.MatchedActivity => Near(_byTokens[layer.Key], own, taken, random),
                ControlKind.MatchedNorm => Near(_byNorm[layer.Key], own, taken, random),
                ControlKind.Active => Any([.. (active ?? _active)[layer.Key].Where(i => !taken[i])], own.Length, random),
                _ => Any([.. Enumerable.Range(0, count).Where(i => !taken[i])], own.Length, random),
            };
            drawn.AddRange(indices.Select(i => new FeatureId(layer.Key, i)));
        }
        return [.. drawn];
    }

    private static IEnumerable<int> Any(int[] free, int count, SeededRandom random)
    {
        for (int i = 0; i < count; i++)
        {
            int j = i + random.NextInt(free.Length - i);
            (free[i], free[j]) = (free[j], free[i]);
            yield return free[i];
        }
    }

    private static IEnumerable<int> Near(Neighbourhood neighbourhood, int[] own, bool[] taken, SeededRandom random)
    {
        foreach (int feature in own)
        {
            int index = neighbourhood.Draw(feature, taken, random);
            taken[index] = true;
            yield return index;
        }
    }
}
