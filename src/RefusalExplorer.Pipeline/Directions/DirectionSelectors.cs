using System.Collections.Immutable;
using System.Globalization;

namespace RefusalExplorer.Pipeline.Directions;

/// <summary>Why the reference discards a candidate.</summary>
public enum DiscardReason
{
    /// <summary>It is kept.</summary>
    None,

    /// <summary>A score is not a number.</summary>
    NotANumber,

    /// <summary>It was read in the last fifth of the layers.</summary>
    LateLayer,

    /// <summary>Projecting it out changes harmless prompts too much.</summary>
    HighKl,

    /// <summary>Adding it does not induce refusal.</summary>
    LowInduce,
}

/// <summary>Limits of the reference's rule (andyrdt/refusal_direction, <c>filter_fn</c>).</summary>
public sealed record ReferenceSelectorSettings
{
    /// <summary>Candidates with a larger KL are discarded.</summary>
    public double MaxKl { get; init; } = 0.1;

    /// <summary>Candidates with a smaller induce score are discarded.</summary>
    public double MinInduce { get; init; }

    /// <summary>Candidates at layer ≥ int((1 − share)·L) are discarded.</summary>
    public double DroppedLayerShare { get; init; } = 0.2;
}

/// <summary>What the reference's rule chose.</summary>
/// <param name="Best">The kept candidate with the least bypass score, the first of equals.</param>
/// <param name="Discarded">For each candidate, in order, why it was discarded, or <see cref="DiscardReason.None"/>.</param>
public sealed record ReferenceSelection(DirectionCandidate Best, ImmutableArray<DiscardReason> Discarded);

/// <summary>What the paper's rule chose.</summary>
/// <param name="Layer">l* = argmax over layers of the attack success rate, the first of equals.</param>
/// <param name="AttackSuccessRates">By layer; NaN where the difference is no direction.</param>
public sealed record AppendixSelection(int Layer, ImmutableArray<double> AttackSuccessRates);

/// <summary>The two ways of choosing one direction among the candidates.</summary>
public static class DirectionSelectors
{
    /// <summary>The reference's rule: discard, then least bypass score.</summary>
    /// <exception cref="PipelineException">Every candidate is discarded; the message counts the reasons.</exception>
    public static ReferenceSelection ByReference(DirectionScores scores, ReferenceSelectorSettings? settings = null)
    {
        settings ??= new();
        ImmutableArray<DiscardReason> reasons = [.. scores.Candidates.Select(c => ReasonToDiscard(c, scores.Layers, settings))];
        DirectionCandidate? best = scores.Candidates.Where((_, i) => reasons[i] == DiscardReason.None).MinBy(c => c.Bypass);
        return best is not null ? new ReferenceSelection(best, reasons) : throw new PipelineException(Explain(reasons, settings));
    }

    /// <summary>The paper's rule (appendix, step 0.3): final token only, argmax over layers of the attack success rate on held-out prompts.</summary>
    /// <param name="candidates">The mean differences.</param>
    /// <param name="attackSuccessRate">Share of held-out harmful prompts that the model answers with the direction projected out.</param>
    /// <param name="layers">Layers to try; null: all.</param>
    /// <param name="done">Told the share done, 0–1.</param>
    /// <param name="cancellation">Checked between layers.</param>
    /// <exception cref="PipelineException">No layer has a direction.</exception>
    public static AppendixSelection ByAttackSuccessRate(
        MeanDifferences candidates, Func<RefusalDirection, double> attackSuccessRate, IReadOnlyCollection<int>? layers = null,
        IProgress<double>? done = null, CancellationToken cancellation = default)
    {
        double[] rates = new double[candidates.Layers];
        Array.Fill(rates, double.NaN);
        layers ??= [.. Enumerable.Range(0, candidates.Layers)];
        int tried = 0;
        foreach (int layer in layers)
        {
            cancellation.ThrowIfCancellationRequested();
            // The embeddings of the last template token are the same in every prompt: layer 0 may have no difference at all.
            if (candidates.At(-1, layer).ContainsAnyExcept(0))
                rates[layer] = attackSuccessRate(candidates.Direction(-1, layer, "final token, candidate"));
            done?.Report((double)++tried / layers.Count);
        }
        int[] scored = [.. Enumerable.Range(0, rates.Length).Where(l => !double.IsNaN(rates[l]))];
        return scored.Length > 0
            ? new AppendixSelection(scored.MaxBy(l => rates[l]), [.. rates])
            : throw new PipelineException("direction: no layer has a difference between the harmful and the harmless prompts; check that the two sets differ");
    }

    internal static DiscardReason ReasonToDiscard(DirectionCandidate c, int layers, ReferenceSelectorSettings settings)
    {
        if (double.IsNaN(c.Bypass) || double.IsNaN(c.Induce) || double.IsNaN(c.Kl))
            return DiscardReason.NotANumber;
        if (c.Layer >= (int)(layers * (1 - settings.DroppedLayerShare)))
            return DiscardReason.LateLayer;
        if (c.Kl > settings.MaxKl)
            return DiscardReason.HighKl;
        return c.Induce < settings.MinInduce ? DiscardReason.LowInduce : DiscardReason.None;
    }

    private static string Explain(ImmutableArray<DiscardReason> reasons, ReferenceSelectorSettings settings)
    {
        int Count(DiscardReason reason) => reasons.Count(r => r == reason);
        return string.Create(CultureInfo.InvariantCulture,
            $"direction: all {reasons.Length} candidates are discarded ({Count(DiscardReason.LateLayer)} in the last layers, {Count(DiscardReason.HighKl)} with KL > {settings.MaxKl}, {Count(DiscardReason.LowInduce)} with induce < {settings.MinInduce}, {Count(DiscardReason.NotANumber)} without a score); use more prompts, wider limits or the attack-success-rate selector");
    }
}
