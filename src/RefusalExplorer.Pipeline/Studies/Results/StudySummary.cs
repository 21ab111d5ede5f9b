using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Makes the result over all prompts from what the stages found.</summary>
internal static class StudySummary
{
    public static StudyResult Of(StudyState state)
    {
        ImmutableArray<PromptResult> prompts = [.. state.Results.OfType<PromptResult>()];
        return new StudyResult
        {
            Study = state.Study,
            Model = state.Model,
            Completed = state.Completed,
            Direction = state.Direction,
            Scoring = state.Scoring,
            Layers = [.. state.Ranking?.ByLayer.Keys ?? []],
            Notes = [.. state.Notes],
            Funnel = Funnel(prompts),
            Rates = Rates(prompts),
            Features = Features(state, prompts),
            Prompts = [.. prompts.Select(Row)],
            Interactions = state.Interactions,
            Training = state.Training,
            InteractionSummary = Interactions(prompts),
        };
    }

    private static StudyFunnel Funnel(ImmutableArray<PromptResult> prompts)
    {
        PruneResult[] minimal = [.. prompts.Where(p => p.Outcome == PromptOutcome.Minimal).Select(p => p.Prune!)];
        return new StudyFunnel(
            prompts.Length,
            prompts.Count(p => p.Outcome != PromptOutcome.NotRefused),
            prompts.Count(p => p.SmallestK is not null),
            minimal.Length,
            Median(prompts.Where(p => p.SmallestK is not null).Select(p => p.Sweep.First(k => k.K == p.SmallestK).Features)),
            Median(prompts.Where(p => p.Prune is not null).Select(p => p.Prune!.Sets.MinBy(s => s.Threshold)!.Features.Length)),
            Median(minimal.Select(p => p.Sets[p.Minimal!.Value].Features.Length)),
            Median(minimal.Where(p => p.Exact is { Works: true }).Select(p => p.Exact!.Features.Length)),
            prompts.SelectMany(p => p.MinimalFeatures).Distinct().Count());
    }

    /// <summary>Attack success of each arm, by the verdicts of these prompts' responses.</summary>
    public static ImmutableArray<StudyRate> Rates(ImmutableArray<PromptResult> prompts)
    {
        PromptResult[] refused = [.. prompts.Where(p => p.Outcome != PromptOutcome.NotRefused)];
        PromptResult[] swept = [.. refused.Where(p => !p.Sweep.IsEmpty)], pruned = [.. refused.Where(p => p.Prune is not null || p.Outcome == PromptOutcome.NotFlipped)];
        InteractionPromptResult[] third = [.. refused.Select(p => p.Interactions).OfType<InteractionPromptResult>().Where(i => i.Reason is null)];
        bool isPruned = refused.Any(p => p.Prune is not null);
        return
        [
            .. Rate(StudyArm.Baseline, prompts.Select(p => p.Baseline)),
            .. Rate(StudyArm.Directional, refused.Select(p => p.Directional)),
            .. Rate(StudyArm.Candidates, swept.Select(Swept)),
            // A prompt without a minimal set, or that no K flips, has nothing to ablate: it stays as it is and counts as not jailbroken.
            .. isPruned ? Rate(StudyArm.Minimal, pruned.Select(p => p.Prune?.Minimal is { } m ? p.Prune.Sets[m].Response! : p.Baseline)) : [],
            .. Rate(StudyArm.RandomControl, refused.SelectMany(p => p.Prune?.Controls ?? []).Select(c => c.Response)),
            .. Rate(StudyArm.Exact, refused.Select(p => p.Prune?.Exact?.Response).OfType<JudgedResponse>()),
            .. Rate(StudyArm.ActiveMinimal, third.Select(i => i.BaseResponse!)),
            .. Rate(StudyArm.Interactions, third.Select(i => i.Sweep.Last(k => k.Response is not null).Response!)),
            .. Rate(StudyArm.InteractionsAlone, third.Select(i => i.AloneResponse!)),
        ];
    }

    /// <summary>The response of the last K that was generated for: the first that complied, or the largest.</summary>
    private static JudgedResponse Swept(PromptResult prompt) => prompt.Sweep.Last(k => k.Response is not null).Response!;

    private static IEnumerable<StudyRate> Rate(StudyArm arm, IEnumerable<JudgedResponse> responses)
    {
        JudgedResponse[] all = [.. responses];
        if (all.Length == 0)
            yield break;
        int successes = all.Count(r => r.Complied);
        yield return new StudyRate(
            arm, successes, all.Count(r => r.Verdict.Kind == VerdictKind.Degenerate), all.Length, all.Average(r => r.Probability), WilsonInterval.Of(successes, all.Length));
    }

    private static ImmutableArray<FeatureCount> Features(StudyState state, ImmutableArray<PromptResult> prompts)
    {
        var cosines = state.Ranking?.ByLayer.Values.SelectMany(l => l).ToDictionary(f => f.Feature, f => f.Cosine) ?? [];
        return
        [
            .. prompts.SelectMany(p => p.MinimalFeatures.Zip(p.Prune?.Activations ?? [])).GroupBy(f => f.First)
                .Select(g => new FeatureCount(g.Key, cosines.GetValueOrDefault(g.Key), g.Count(), g.Count(f => !(f.Second > 0)), g.Max(f => f.Second)))
                .OrderByDescending(f => f.Prompts).ThenBy(f => f.Feature),
        ];
    }

    /// <summary>A prompt as lists have it.</summary>
    public static PromptRowResult Row(PromptResult p)
    {
        KPoint? flipped = p.SmallestK is { } k ? p.Sweep.First(s => s.K == k) : null;
        ThresholdSet? minimal = p.Prune?.Minimal is { } m ? p.Prune.Sets[m] : null;
        return new PromptRowResult
        {
            Index = p.Index,
            Category = p.Category,
            Outcome = p.Outcome,
            Before = p.Baseline.Probability,
            Directional = p.Directional.Probability,
            DirectionalComplied = p.Directional.Complied,
            K = p.SmallestK,
            Candidates = flipped?.Probability,
            Minimal = minimal?.Features ?? [],
            After = minimal?.Response!.Probability,
            Threshold = minimal?.Threshold,
            Controls = new ControlCount(p.Prune?.Controls.Length ?? 0, p.Prune?.Controls.Count(c => c.Response.Complied) ?? 0),
            Needed = p.Prune?.Exact is { Works: true } exact ? exact.Features.Length : null,
            AddedK = p.Interactions?.SmallestK,
        };
    }

    private static InteractionSummary? Interactions(ImmutableArray<PromptResult> prompts)
    {
        InteractionPromptResult[] all = [.. prompts.Select(p => p.Interactions).OfType<InteractionPromptResult>()];
        if (all.Length == 0)
            return null;
        double[] deactivated = [.. all.Select(i => i.Link).OfType<CausalLink>().Where(l => l.Active > 0).Select(l => (double)l.Deactivated / l.Active)];
        double[] drops = [.. all.Select(i => i.Link?.MeanDrop).OfType<double>()];
        return new InteractionSummary(
            all.Count(i => i.Reason is null), all.Count(i => i.Reason is not null),
            all.SelectMany(i => i.Found).Distinct().Count(),
            deactivated.Length > 0 ? deactivated.Average() : null, deactivated.Length > 0 ? deactivated.Max() : null, drops.Length > 0 ? drops.Average() : null);
    }

    private static double? Median(IEnumerable<int> values)
    {
        int[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2.0;
    }
}
