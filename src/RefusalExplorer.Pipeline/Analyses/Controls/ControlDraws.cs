using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.Controls;

/// <summary>What a control keeps of the set that it imitates.</summary>
public enum ControlKind
{
    /// <summary>As many random features of each layer, active or not.</summary>
    Random,

    /// <summary>As many random features of each layer that are active on the prompts (the paper's control).</summary>
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
internal static class ControlDraws
{
    /// <summary>Neighbours among which a matched feature is drawn.</summary>
    private const int Neighbours = 20;

    /// <summary>One control set.</summary>
    /// <param name="features">The set to imitate.</param>
    /// <param name="activity">By layer.</param>
    /// <param name="kind">What is kept.</param>
    /// <param name="random">Source of the draw.</param>
    /// <exception cref="PipelineException">A layer has too few other features.</exception>
    public static ImmutableArray<FeatureId> Draw(
        IReadOnlyCollection<FeatureId> features, IReadOnlyDictionary<int, LayerActivity> activity, ControlKind kind, SeededRandom random)
    {
        List<FeatureId> drawn = [];
        foreach (IGrouping<int, FeatureId> layer in features.GroupBy(f => f.Layer).OrderBy(g => g.Key))
        {
            LayerActivity acts = activity[layer.Key];
            HashSet<int> taken = [.. layer.Select(f => f.Index)];
            foreach (FeatureId feature in layer.Order())
            {
                int index = kind switch
                {
                    ControlKind.MatchedActivity => Nearest(acts.Tokens.Select(t => (double)t).ToArray(), feature.Index, taken, random),
                    ControlKind.MatchedNorm => Nearest(acts.Norm, feature.Index, taken, random),
                    ControlKind.Active => Any(taken, i => acts.Tokens[i] > 0, acts.Tokens.Length, random),
                    _ => Any(taken, _ => true, acts.Tokens.Length, random),
                };
                if (index < 0)
                    throw new PipelineException($"controls: layer {layer.Key} has too few other features for {layer.Count()} of the set; use fewer features or more prompts");
                taken.Add(index);
                drawn.Add(new FeatureId(layer.Key, index));
            }
        }
        return [.. drawn];
    }

    private static int Any(HashSet<int> taken, Func<int, bool> allowed, int count, SeededRandom random)
    {
        int[] free = [.. Enumerable.Range(0, count).Where(i => !taken.Contains(i) && allowed(i))];
        return free.Length == 0 ? -1 : free[random.NextInt(free.Length)];
    }

    private static int Nearest(double[] measure, int feature, HashSet<int> taken, SeededRandom random)
    {
        int[] near = [.. Enumerable.Range(0, measure.Length).Where(i => !taken.Contains(i)).OrderBy(i => Math.Abs(measure[i] - measure[feature])).ThenBy(i => i).Take(Neighbours)];
        return near.Length == 0 ? -1 : near[random.NextInt(near.Length)];
    }
}
