using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Interactions;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>A random set, and how many of it are silent on the prompt.</summary>
internal sealed record RandomSet(ImmutableArray<FeatureId> Features, int Inactive);

/// <summary>The features that are active on a prompt's tokens in scope, without edits.</summary>
internal sealed class PromptActivity
{
    private readonly Dictionary<FeatureId, float> _max = [];

    private PromptActivity()
    {
    }

    /// <summary>Encodes a prompt.</summary>
    public static PromptActivity Of(IStudyModel model, ImmutableArray<int> ids, IReadOnlyList<int> layers, TokenScope scope, CancellationToken cancellation)
    {
        var activity = new PromptActivity();
        IReadOnlyList<ActiveFeature>[] tokens = model.ActiveFeatures([ids], layers, ids.Length, cancellation)[0];
        for (int t = 0; t < tokens.Length; t++)
        {
            if (!scope.Covers(t, ids.Length, model.IsSpecial(ids[t])))
                continue;
            foreach ((FeatureId feature, float value) in tokens[t])
                activity._max[feature] = Math.Max(value, activity.Max(feature));
        }
        return activity;
    }

    /// <summary>A feature's largest activation in scope; 0: silent.</summary>
    public float Max(FeatureId feature) => _max.GetValueOrDefault(feature);

    /// <summary>
    /// Random other features, as many in each layer as the set has: active ones (paper, "Comparison with random features"), and silent ones only
    /// where a layer has too few of them.
    /// </summary>
    public RandomSet DrawLike(ImmutableArray<FeatureId> set, ControlFeatures from, Func<int, int> featureCount, long seed)
    {
        var random = new SeededRandom(seed);
        HashSet<FeatureId> taken = [.. set];
        List<FeatureId> drawn = [];
        int inactive = 0;
        foreach (IGrouping<int, FeatureId> layer in set.GroupBy(f => f.Layer).OrderBy(l => l.Key))
        {
            FeatureId[] active = from == ControlFeatures.Active ? [.. _max.Keys.Where(f => f.Layer == layer.Key && !taken.Contains(f)).Order()] : [];
            random.Shuffle<FeatureId>(active);
            int wanted = layer.Count(), all = featureCount(layer.Key);
            drawn.AddRange(active.Take(wanted));
            for (int n = Math.Min(wanted, active.Length); n < wanted && taken.Count(f => f.Layer == layer.Key) + active.Length < all; n++)
            {
                FeatureId other;
                do
                    other = new FeatureId(layer.Key, random.NextInt(all));
                while (active.Contains(other) || !taken.Add(other));
                drawn.Add(other);
                inactive += Max(other) > 0 ? 0 : 1;
            }
        }
        return new RandomSet([.. drawn.Order()], inactive);
    }
}
