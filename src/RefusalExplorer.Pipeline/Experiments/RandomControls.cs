using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Pipeline.Experiments;

/// <summary>The control of every experiment: as many random features a layer, under the same operation and scope.</summary>
public static class RandomControls
{
    /// <summary>Replaces every feature by a random one of its layer that no edit names (paper, "Comparison with random features").</summary>
    /// <param name="model">Gives the number of features of each layer.</param>
    /// <param name="edits">The edits to imitate; vector edits are left as they are not.</param>
    /// <param name="seed">Equal seeds give equal features.</param>
    /// <exception cref="EngineException">A layer has too few other features.</exception>
    public static InterventionSet Imitate(LanguageModel model, InterventionSet edits, int seed)
    {
        ILookup<int, FeatureId> named = edits.Features.ToLookup(f => f.Layer);
        var replacement = new Dictionary<FeatureId, FeatureId>();
        foreach (IGrouping<int, FeatureId> layer in named)
        {
            int count = model.Sae(layer.Key).Config.Features;
            var random = new Random(unchecked((seed * 7919) + layer.Key));
            var taken = layer.Select(f => f.Index).ToHashSet();
            if (2 * taken.Count > count)
                throw new EngineException($"layer {layer.Key}: {taken.Count} of {count} features are edited; a random control needs at least as many others");
            foreach (FeatureId feature in layer)
            {
                int index;
                do
                    index = random.Next(count);
                while (!taken.Add(index));
                replacement[feature] = feature with { Index = index };
            }
        }
        return new InterventionSet([.. edits.Items
            .Where(i => !i.Features.IsEmpty)
            .Select(i => i with { Features = [.. i.Features.Select(f => replacement[f])] })]);
    }
}
