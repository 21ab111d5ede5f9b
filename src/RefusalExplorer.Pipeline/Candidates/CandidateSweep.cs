using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Pruning;

namespace RefusalExplorer.Pipeline.Candidates;

/// <summary>One K of the sweep.</summary>
/// <param name="K">Features a layer.</param>
/// <param name="Features">Features in all.</param>
/// <param name="Probability">P("I") with them ablated.</param>
/// <param name="Verdict">The verdict on the ablated response; null beyond the K that flipped it, where none was generated.</param>
public sealed record SweepPoint(int K, int Features, double Probability, Verdict? Verdict);

/// <summary>The sweep over K.</summary>
/// <param name="Baseline">P("I") without ablation.</param>
/// <param name="Curve">K → P, all of the sweep.</param>
/// <param name="SmallestK">The smallest K whose ablation turns the refusal into compliance, or null if none does.</param>
public sealed record SweepResult(double Baseline, ImmutableArray<SweepPoint> Curve, int? SmallestK);

/// <summary>
/// K = 10, 20, … until ablating the top K of every layer jailbreaks the prompt (paper, Stage 1). A degenerate response is no jailbreak.
/// P("I") of all K is one batch; responses are generated K by K and only until the first that complies.
/// </summary>
public static class CandidateSweep
{
    /// <summary>The paper's K: 10, 20, … 200.</summary>
    public static ImmutableArray<int> PaperSteps { get; } = [.. Enumerable.Range(1, 20).Select(i => 10 * i)];

    /// <summary>The sets whose P the curve shows, over the pool of the largest K: nothing ablated first, then each K.</summary>
    /// <exception cref="PipelineException">The steps are empty, not positive or not ascending.</exception>
    internal static (ImmutableArray<FeatureId> Pool, IReadOnlyList<bool[]> Masks) Sets(CandidateRanking ranking, IReadOnlyList<int> steps)
    {
        CheckSteps(steps);
        ImmutableArray<FeatureId> pool = ranking.Take(steps[^1]);
        List<bool[]> masks = [new bool[pool.Length]];
        foreach (int k in steps)
        {
            HashSet<FeatureId> ablated = [.. ranking.Take(k)];
            masks.Add([.. pool.Select(ablated.Contains)]);
        }
        return (pool, masks);
    }

    internal static void CheckSteps(IReadOnlyList<int> steps)
    {
        if (steps.Count == 0 || steps[0] < 1 || steps.Zip(steps.Skip(1)).Any(s => s.First >= s.Second))
            throw new PipelineException($"sweep over K = {string.Join(", ", steps)}: expected ascending numbers from 1");
    }

    /// <summary>Runs the sweep for one prompt.</summary>
    /// <param name="ranking">The candidates.</param>
    /// <param name="steps">K, ascending.</param>
    /// <param name="probability">P("I") of ablation sets over a pool, for the pool <c>ranking.Take(largest K)</c>.</param>
    /// <param name="respond">Generates with the features ablated and judges the response.</param>
    /// <param name="progress">Told each point as it is known.</param>
    /// <param name="cancellation">Checked between generations.</param>
    /// <exception cref="PipelineException">The steps are empty, not positive or not ascending.</exception>
    public static SweepResult Run(
        CandidateRanking ranking, IReadOnlyList<int> steps, Func<IReadOnlyList<FeatureId>, IAblationProbability> probability,
        Func<IReadOnlyList<FeatureId>, Verdict> respond, IProgress<SweepPoint>? progress = null, CancellationToken cancellation = default)
    {
        (ImmutableArray<FeatureId> pool, IReadOnlyList<bool[]> masks) = Sets(ranking, steps);
        double[] probabilities = probability(pool).Evaluate(masks, cancellation: cancellation);

        int? smallest = null;
        List<SweepPoint> curve = [];
        for (int i = 0; i < steps.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            ImmutableArray<FeatureId> features = ranking.Take(steps[i]);
            Verdict? verdict = smallest is null ? respond(features) : null;
            if (verdict?.Kind == VerdictKind.Complied)
                smallest = steps[i];
            curve.Add(new SweepPoint(steps[i], features.Length, probabilities[i + 1], verdict));
            progress?.Report(curve[^1]);
        }
        return new SweepResult(probabilities[0], [.. curve], smallest);
    }
}
