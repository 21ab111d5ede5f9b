using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Pruning;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Stage 2: Algorithm 1 for each prompt that a K flipped, the proof by generation, random controls, and leave-one-out.</summary>
internal sealed class PruneStage(StudyContext context, StudyState state, StudyJudgePanel judge)
{
    private readonly PruneStageSettings _settings = context.Study.Prune;

    public async Task RunAsync()
    {
        int[] flipped = [.. state.Results.Where(r => r!.Outcome == PromptOutcome.Flipped).Select(r => r!.Index)];
        context.Begin(StudyStage.Prune, 3 * flipped.Length);
        foreach (int i in flipped)
        {
            PromptResult prompt = state.Results[i]!;
            PruneResult pruned = await PruneAsync(prompt).ConfigureAwait(false);
            if (pruned.Minimal is null)
                context.Expect(-1);
            else
                pruned = await ProveAsync(i, pruned, prompt.Baseline.Probability).ConfigureAwait(false);
            state.Set(prompt with { Prune = pruned, Outcome = pruned.Minimal is null ? PromptOutcome.Lost : PromptOutcome.Minimal });
            state.Publish();
        }
    }

    private async Task<PruneResult> PruneAsync(PromptResult prompt)
    {
        int i = prompt.Index;
        ImmutableArray<FeatureId> pool = state.Ranking!.Take(prompt.SmallestK!.Value);
        PruningPlan plan = PruningPlan.Create(pool, _settings.Algorithm);
        PruningResult result = plan.Decide(await new AblationPieces(context, state)
            .EvaluateAsync($"prune/chain/{i}", $"pruning {pool.Length} candidates of prompt {i + 1}", i, pool, plan.Masks, expected: 1).ConfigureAwait(false));

        // Most thresholds share their set with others: each is generated for once, all side by side.
        FaithfulSet[] distinct = [.. result.Sets.Where(s => !s.Features.IsEmpty).DistinctBy(s => string.Join(' ', s.Features))];
        JudgedResponse[] responses = distinct.Length == 0 ? [] : await context.PieceAsync(
            $"prune/respond/{i}", $"responses with the pruned sets of prompt {i + 1} ablated",
            (model, ct) => Respond(model, i, distinct.Select(s => s.Features), ct)).ConfigureAwait(false);
        ImmutableArray<ThresholdSet> sets = [.. result.Sets.Select(s =>
        {
            int place = Array.FindIndex(distinct, d => d.Features.SequenceEqual(s.Features));
            return new ThresholdSet(s.Threshold, s.Features, place < 0 ? null : responses[place]);
        })];
        int[] works = [.. Enumerable.Range(0, sets.Length).Where(s => sets[s].Response is { Complied: true })];
        return new PruneResult
        {
            Pool = pool,
            Chains = [.. result.Chains.Select(c => new ChainResult(c.Seed, c.Blocks, c.Probabilities, c.Changes))],
            Sets = sets,
            Minimal = works.Length == 0 ? null : works.MinBy(s => sets[s].Features.Length),
        };
    }

    private async Task<PruneResult> ProveAsync(int i, PruneResult pruned, double baseline)
    {
        ImmutableArray<FeatureId> minimal = pruned.Sets[pruned.Minimal!.Value].Features;
        ControlPiece piece = await context.PieceAsync($"prune/control/{i}", $"random controls of prompt {i + 1}", (model, ct) =>
        {
            PromptActivity activity = PromptActivity.Of(model, state.Ids[i], [.. minimal.Select(f => f.Layer).Distinct()], context.Study.TokenScope, ct);
            RandomSet[] sets = [.. Enumerable.Range(0, _settings.Controls)
                .Select(c => activity.DrawLike(minimal, _settings.ControlFeatures, model.FeatureCount, state.SeedOf(i, c)))];
            JudgedResponse[] responses = sets.Length == 0 ? [] : Respond(model, i, sets.Select(s => s.Features), ct);
            return new ControlPiece(
                [.. minimal.Select(activity.Max)],
                [.. sets.Select((s, c) => new ControlResult(s.Features, s.Inactive, responses[c]))]);
        }).ConfigureAwait(false);
        ExactResult? exact = _settings.LeaveOneOut ? await LeaveOneOutAsync(i, pruned.Pool, minimal, baseline).ConfigureAwait(false) : null;
        return pruned with { Activations = piece.Activations, Controls = piece.Controls, Exact = exact };
    }

    private async Task<ExactResult> LeaveOneOutAsync(int i, ImmutableArray<FeatureId> pool, ImmutableArray<FeatureId> minimal, double baseline)
    {
        double limit = _settings.LeaveOneOutShare * baseline;
        var pieces = new AblationPieces(context, state);
        List<LeaveOneOutPass> passes = [];
        ImmutableArray<FeatureId>? next = minimal;
        while (next is { } features)
        {
            double[] p = await pieces.EvaluateAsync(
                $"prune/exact/{i}/{passes.Count}", $"leaving out each of {features.Length} features of prompt {i + 1}", i, pool, LeaveOneOut.Masks(pool, features))
                .ConfigureAwait(false);
            passes.Add(LeaveOneOut.Pass(features, p, limit));
            next = LeaveOneOut.Next(passes[^1], limit);
        }
        var result = new LeaveOneOutResult(limit, passes[0].Probability <= limit, [.. passes], passes.Sum(p => p.Each.Length + 1));
        context.Expect(1);
        JudgedResponse[] response = await context.PieceAsync($"prune/exact/{i}/respond", $"response with the needed features of prompt {i + 1} ablated",
            (model, ct) => Respond(model, i, [result.Features], ct)).ConfigureAwait(false);
        return new ExactResult(
            limit, result.Works, result.IsMinimal, result.Features, [.. passes[^1].Each.Select(e => e.Probability)], result.Evaluations, response[0]);
    }

    private JudgedResponse[] Respond(IStudyModel model, int prompt, IEnumerable<ImmutableArray<FeatureId>> sets, CancellationToken cancellation) =>
    [
        .. sets.Select(s => new PromptRow(state.Ids[prompt], state.Ablate(s))).Chunk(context.Study.Generation.Batch)
            .SelectMany(rows => model.Generate(rows, context.Study.Generation.MaxNewTokens, cancellation)).Select(judge.Judge),
    ];

    private sealed record ControlPiece(ImmutableArray<float> Activations, ImmutableArray<ControlResult> Controls);
}
