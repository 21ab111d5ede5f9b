using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Saes;

namespace RefusalExplorer.Pipeline.Analyses.Redundancy;

/// <summary>One round of the hydra: heads that grew after what was ablated before.</summary>
/// <param name="Round">1-based; 0 is the set itself.</param>
/// <param name="Probability">P("I") with everything ablated so far.</param>
/// <param name="Grown">Features of all dictionaries that newly fire under that ablation and push towards refusal.</param>
/// <param name="Heads">The strongest of them, ablated too from the next round on.</param>
internal sealed record HydraRound(int Round, double Probability, int Grown, IReadOnlyList<Head> Heads);

/// <summary>A feature that newly fires, with how far it pushes along the refusal direction.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Push">Largest activation times ‖d‖ · cos(d, refusal direction).</param>
/// <param name="Position">Token where it fires strongest.</param>
internal readonly record struct Head(FeatureId Feature, double Push, int Position);

/// <summary>A feature's largest activation and the token that it is at.</summary>
internal readonly record struct Peak(double Value, int Position);

/// <summary>Finds the heads of a round.</summary>
internal static class Heads
{
    /// <summary>Largest activation of every feature over the tokens that count.</summary>
    public static Dictionary<FeatureId, Peak> Peaks(IEnumerable<KeyValuePair<int, SparseActivations>> layers, Func<int, bool> counts)
    {
        Dictionary<FeatureId, Peak> peaks = [];
        foreach ((int layer, SparseActivations acts) in layers)
        {
            for (int t = 0; t < acts.Tokens; t++)
            {
                if (!counts(t))
                    continue;
                foreach (FeatureWeight entry in acts.At(t))
                {
                    FeatureId feature = new(layer, entry.Id);
                    if (entry.Value > peaks.GetValueOrDefault(feature).Value)
                        peaks[feature] = new Peak(entry.Value, t);
                }
            }
        }
        return peaks;
    }

    /// <summary>Features that fire now, did not before, are not ablated and push towards refusal; strongest first.</summary>
    /// <param name="now">Largest activations under the ablation.</param>
    /// <param name="before">Features that fire without it.</param>
    /// <param name="ablated">What is ablated.</param>
    /// <param name="pushPerUnit">‖d‖ · cos(d, refusal direction) of a feature.</param>
    public static IReadOnlyList<Head> Grown(
        IReadOnlyDictionary<FeatureId, Peak> now, IReadOnlySet<FeatureId> before, IReadOnlySet<FeatureId> ablated, Func<FeatureId, double> pushPerUnit) =>
    [
        .. now.Where(n => !before.Contains(n.Key) && !ablated.Contains(n.Key)).Select(n => new Head(n.Key, n.Value.Value * pushPerUnit(n.Key), n.Value.Position))
            .Where(h => h.Push > 0).OrderByDescending(h => h.Push).ThenBy(h => h.Feature),
    ];
}
