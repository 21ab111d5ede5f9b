using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Interactions;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Stage 3: the machine, the ranking by each prompt's minimal set, the sweep over K added features, and the causal link to Stage 2.</summary>
internal sealed class InteractionStage(StudyContext context, StudyState state, StudyPrompts reader, StudyJudgePanel judge, string folder)
{
    private readonly InteractionStageSettings _settings = context.Study.Interactions;
    private readonly StudyGeneration _generation = context.Study.Generation;

    public async Task RunAsync()
    {
        int[] prompts = [.. state.Results.Where(r => r!.Outcome == PromptOutcome.Minimal).Select(r => r!.Index)];
        IReadOnlyList<Range> groups = Batches.OfCount(prompts.Length, _generation.Batch);
        context.Begin(StudyStage.Interactions, 1 + (prompts.Length * 2) + (groups.Count * (_settings.Steps.Length + 2)));
        var training = new InteractionTraining(context, state, reader, folder);
        (FactorizationMachine machine, InteractionResult result) = await training.RunAsync().ConfigureAwait(false);
        state.Interactions = result;
        for (int g = 0; g < groups.Count; g++)
            await GroupAsync(g, machine, [.. groups[g].Of(prompts)]).ConfigureAwait(false);
        if (_settings.LinearProbe && prompts.Length > 0)
            state.Interactions = result with { Probe = await new LinearProbe(context, state, judge, training).RunAsync(prompts).ConfigureAwait(false) };
        state.Publish();
    }

    private async Task GroupAsync(int group, FactorizationMachine machine, int[] prompts)
    {
        Plan[] plans = [.. prompts.Select(i => MakePlan(i, machine))];
        foreach (Plan without in plans.Where(p => p.Reason is not null))
        {
            context.Expect(-2);
            state.Set(state.Results[without.Prompt]! with { Interactions = new InteractionPromptResult { Reason = without.Reason, Unknown = without.Unknown } });
        }
        plans = [.. plans.Where(p => p.Reason is null)];
        foreach (Plan plan in plans)
            await CurveAsync(plan).ConfigureAwait(false);
        await SweepAsync(group, plans).ConfigureAwait(false);
        await AloneAsync(group, plans).ConfigureAwait(false);
        foreach (Plan plan in plans)
        {
            CausalLink link = await LinkAsync(plan).ConfigureAwait(false);
            state.Set(state.Results[plan.Prompt]! with { Interactions = plan.Finish(link) });
        }
        state.Publish();
    }

    private Plan MakePlan(int prompt, FactorizationMachine machine)
    {
        PruneResult pruned = state.Results[prompt]!.Prune!;
        ImmutableArray<FeatureId> minimal = pruned.Sets[pruned.Minimal!.Value].Features;
        ImmutableArray<FeatureId> known = [.. minimal.Where(f => machine.ColumnOf(f) >= 0)], unknown = [.. minimal.Except(known)];
        if (known.IsEmpty)
            return new Plan(prompt) { Unknown = unknown, Reason = $"none of the {minimal.Length} minimal features fires in the training samples, so nothing is known of what interacts with them" };
        ImmutableArray<RankedInteraction> ranked = [.. InteractionRanking.ByEmbedding(machine, minimal, _settings.Similarity, context.Cancellation)
            .Features.Take(_settings.Steps[^1])];
        return new Plan(prompt)
        {
            Unknown = unknown,
            Minimal = minimal,
            Base = _settings.Base == InteractionBase.Minimal ? minimal : [.. minimal.Where((_, i) => pruned.Activations[i] > 0)],
            Ranked = [.. ranked.Select(r => r.Feature)],
            Similarities = [.. ranked.Select(r => r.Similarity)],
            // Beyond the last feature a larger K is the same set.
            Steps = [.. _settings.Steps.Where((_, s) => s == 0 || _settings.Steps[s - 1] < ranked.Length)],
        };
    }

    private async Task CurveAsync(Plan plan)
    {
        ImmutableArray<FeatureId> pool = [.. plan.Ranked, .. plan.Base];
        bool[] Mask(int added, bool withBase) => [.. pool.Select((_, n) => n < plan.Ranked.Length ? n < added : withBase)];
        double[] p = await new AblationPieces(context, state).EvaluateAsync(
            $"interactions/curve/{plan.Prompt}", $"P over added features of prompt {plan.Prompt + 1}", plan.Prompt, pool,
            [.. plan.Steps.Select(k => Mask(k, true)), .. plan.Steps.Select(k => Mask(k, false))], expected: 1).ConfigureAwait(false);
        (plan.WithBase, plan.Alone) = (p[..plan.Steps.Length], p[plan.Steps.Length..]);
    }

    private async Task SweepAsync(int group, Plan[] plans)
    {
        JudgedResponse[] bases = await RespondAsync($"interactions/base/{group}", "responses with the active minimal features ablated", plans, p => p.Base).ConfigureAwait(false);
        foreach ((Plan plan, JudgedResponse response) in plans.Zip(bases))
            plan.BaseResponse = response;
        foreach (int k in _settings.Steps)
        {
            Plan[] left = [.. plans.Where(p => p.SmallestK is null && p.Steps.Contains(k))];
            JudgedResponse[] responses = await RespondAsync(
                $"interactions/respond/{group}/{k}", $"responses with {k} added features ablated", left, p => [.. p.Base, .. p.Ranked.Take(k)]).ConfigureAwait(false);
            foreach (Plan plan in plans.Where(p => p.Steps.Contains(k)))
            {
                int place = Array.IndexOf(left, plan);
                plan.Take(k, place < 0 ? null : responses[place]);
            }
        }
    }

    private async Task AloneAsync(int group, Plan[] plans)
    {
        JudgedResponse[] alone = await RespondAsync($"interactions/alone/{group}", "responses with the added features alone ablated", plans, p => p.Added).ConfigureAwait(false);
        foreach ((Plan plan, JudgedResponse response) in plans.Zip(alone))
            plan.AloneResponse = response;
    }

    private async Task<JudgedResponse[]> RespondAsync(string key, string what, Plan[] plans, Func<Plan, IEnumerable<FeatureId>> ablated)
    {
        if (plans.Length == 0)
        {
            context.Expect(-1);
            return [];
        }
        return await context.PieceAsync(key, what, (model, ct) => model.Generate(
            [.. plans.Select(p => new PromptRow(state.Ids[p.Prompt], state.Ablate(ablated(p))))], _generation.MaxNewTokens, ct).Select(judge.Judge).ToArray())
            .ConfigureAwait(false);
    }

    private async Task<CausalLink> LinkAsync(Plan plan)
    {
        ImmutableArray<int> ids = state.Ids[plan.Prompt];
        return await context.PieceAsync($"interactions/link/{plan.Prompt}", $"what they do to the minimal features of prompt {plan.Prompt + 1}", (model, ct) =>
        {
            IReadOnlyList<IReadOnlyDictionary<FeatureId, float[]>> acts = model.Activations(
                [new PromptRow(ids, InterventionSet.Empty), new PromptRow(ids, state.Ablate(plan.Added))], plan.Minimal, ct);
            int[] covered = [.. Enumerable.Range(0, ids.Length).Where(t => context.Study.TokenScope.Covers(t, ids.Length, model.IsSpecial(ids[t])))];
            (float Before, float After)[] max = [.. plan.Minimal.Select(f => (Max(acts[0][f]), Max(acts[1][f])))];
            double[] drops = [.. max.Where(m => m is { Before: > 0, After: > 0 }).Select(m => 1 - ((double)m.After / m.Before))];
            return new CausalLink(
                max.Count(m => m.Before > 0), max.Count(m => m is { Before: > 0, After: <= 0 }), drops.Length > 0 ? drops.Average() : null,
                max.Count(m => m is { Before: <= 0, After: > 0 }));

            float Max(float[] values) => covered.Select(t => values[t]).DefaultIfEmpty(0).Max();
        }).ConfigureAwait(false);
    }

    /// <summary>One prompt on its way through the stage.</summary>
    private sealed class Plan(int prompt)
    {
        private readonly List<KPoint> _sweep = [];

        public int Prompt => prompt;

        public string? Reason { get; init; }

        public ImmutableArray<FeatureId> Unknown { get; init; } = [];

        public ImmutableArray<FeatureId> Minimal { get; init; } = [];

        public ImmutableArray<FeatureId> Base { get; init; } = [];

        public ImmutableArray<FeatureId> Ranked { get; init; } = [];

        public ImmutableArray<double> Similarities { get; init; } = [];

        public ImmutableArray<int> Steps { get; init; } = [];

        public double[] WithBase { get; set; } = [];

        public double[] Alone { get; set; } = [];

        public JudgedResponse? BaseResponse { get; set; }

        public JudgedResponse? AloneResponse { get; set; }

        public int? SmallestK { get; private set; }

        /// <summary>The added features of the smallest K that jailbreaks, or of the largest.</summary>
        public ImmutableArray<FeatureId> Added => [.. Ranked.Take(SmallestK ?? Steps[^1])];

        public void Take(int k, JudgedResponse? response)
        {
            _sweep.Add(new KPoint(k, Base.Length + Math.Min(k, Ranked.Length), WithBase[Steps.IndexOf(k)], response));
            if (response is { Complied: true })
                SmallestK = k;
        }

        public InteractionPromptResult Finish(CausalLink link) => new()
        {
            Base = Base,
            Unknown = Unknown,
            BaseResponse = BaseResponse,
            Sweep = [.. _sweep],
            AloneProbabilities = [.. Alone],
            SmallestK = SmallestK,
            Added = Added,
            Similarities = [.. Similarities.Take(Added.Length)],
            AloneResponse = AloneResponse,
            Link = link,
        };
    }
}
