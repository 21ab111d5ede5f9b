using System.Collections.Immutable;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Pruning;

/// <summary>What leaving one feature out of the ablated set does.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Probability">P("I") with all the others ablated.</param>
/// <param name="IsNeeded">Whether P is above the limit then, so that the set no longer works.</param>
public sealed record LeftOut(FeatureId Feature, double Probability, bool IsNeeded);

/// <summary>One pass over a set.</summary>
/// <param name="Features">The set, ascending.</param>
/// <param name="Probability">P("I") with the whole set ablated.</param>
/// <param name="Each">For each feature of the set.</param>
public sealed record LeaveOneOutPass(ImmutableArray<FeatureId> Features, double Probability, ImmutableArray<LeftOut> Each);

/// <summary>The passes, the last of which is the proof.</summary>
/// <param name="Limit">P at or below which an ablated set counts as working.</param>
/// <param name="Works">Whether the set that was given works at all; without that nothing can be proven.</param>
/// <param name="Passes">At least one.</param>
/// <param name="Evaluations">Ablation sets evaluated.</param>
public sealed record LeaveOneOutResult(double Limit, bool Works, ImmutableArray<LeaveOneOutPass> Passes, int Evaluations)
{
    /// <summary>The set that remains.</summary>
    public ImmutableArray<FeatureId> Features => Passes[^1].Features;

    /// <summary>Whether the remaining set works and loses that by the removal of any one feature.</summary>
    public bool IsMinimal => Works && Passes[^1].Each.All(e => e.IsNeeded);
}

/// <summary>
/// The exact pass after Algorithm 1, whose blocks keep features that only stood beside an important one. Each pass evaluates every set with one
/// feature left out as one batch, then drops the feature whose absence matters least, until each that remains is needed.
/// </summary>
public static class LeaveOneOut
{
    /// <summary>Runs the passes.</summary>
    /// <param name="pool">The features that <paramref name="probability"/> is over.</param>
    /// <param name="kept">The set to examine, part of the pool.</param>
    /// <param name="probability">P over the pool.</param>
    /// <param name="limit">P at or below which the ablation counts as working.</param>
    /// <param name="passes">Most passes; 1 reports without dropping anything.</param>
    /// <param name="cancellation">Checked between passes.</param>
    /// <exception cref="PipelineException">A kept feature is not in the pool, or there are no passes.</exception>
    public static LeaveOneOutResult Run(
        IReadOnlyList<FeatureId> pool, IReadOnlyCollection<FeatureId> kept, IAblationProbability probability, double limit,
        int passes = int.MaxValue, CancellationToken cancellation = default)
    {
        if (passes < 1)
            throw new PipelineException($"leave-one-out: {passes} passes; expected at least 1");
        ImmutableArray<FeatureId> current = [.. kept.Distinct().Order()];
        List<LeaveOneOutPass> made = [];
        int evaluations = 0;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            LeaveOneOutPass pass = Pass(current, probability.Evaluate(Masks(pool, current), cancellation: cancellation), limit);
            made.Add(pass);
            evaluations += current.Length + 1;
            if (Next(pass, limit) is not { } next || made.Count == passes)
                return new LeaveOneOutResult(limit, made[0].Probability <= limit, [.. made], evaluations);
            current = next;
        }
    }

    /// <summary>The ablation sets of a pass: the whole set, then the set without each of its features.</summary>
    /// <exception cref="PipelineException">A feature is not in the pool.</exception>
    internal static IReadOnlyList<bool[]> Masks(IReadOnlyList<FeatureId> pool, ImmutableArray<FeatureId> features)
    {
        Dictionary<FeatureId, int> place = pool.Select((f, i) => (f, i)).ToDictionary(x => x.f, x => x.i);
        bool[] whole = new bool[pool.Count];
        foreach (FeatureId feature in features)
        {
            if (!place.TryGetValue(feature, out int at))
                throw new PipelineException($"leave-one-out: {feature} is not in the pool of {pool.Count} candidates");
            whole[at] = true;
        }
        return [whole, .. features.Select(f => Without(whole, place[f]))];
    }

    /// <summary>A pass from the probabilities of its sets.</summary>
    internal static LeaveOneOutPass Pass(ImmutableArray<FeatureId> features, double[] p, double limit)
    {
        ChainPruner.CheckProbabilities(p, features.Length + 1);
        return new LeaveOneOutPass(features, p[0], [.. features.Select((f, i) => new LeftOut(f, p[i + 1], p[i + 1] > limit))]);
    }

    /// <summary>The set that the next pass examines, or null where the set does not work or each feature is needed.</summary>
    internal static ImmutableArray<FeatureId>? Next(LeaveOneOutPass pass, double limit)
    {
        LeftOut? least = pass.Probability > limit ? null : pass.Each.Where(e => !e.IsNeeded).MinBy(e => e.Probability);
        return least is null ? null : pass.Features.Remove(least.Feature);
    }

    private static bool[] Without(bool[] whole, int place)
    {
        bool[] mask = [.. whole];
        mask[place] = false;
        return mask;
    }
}
