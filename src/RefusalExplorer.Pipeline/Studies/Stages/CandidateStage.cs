using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Candidates;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Stage 1, candidates: baseline and directional ablation of each prompt, the ranking, and the sweep over K.</summary>
internal sealed class CandidateStage(StudyContext context, StudyState state, StudyJudgePanel judge)
{
    private readonly CandidateStageSettings _settings = context.Study.Candidates;
    private readonly StudyGeneration _generation = context.Study.Generation;

    public async Task RunAsync()
    {
        int[] layers = Layers();
        // Baseline and directional ablation of a prompt run side by side, so half as many prompts fill a batch.
        IReadOnlyList<Range> groups = Batches.OfCount(state.Prompts.Length, Math.Max(1, _generation.Batch / 2));
        context.Begin(StudyStage.Candidates, layers.Length + groups.Count);
        state.Ranking = await RankAsync(layers).ConfigureAwait(false);
        for (int g = 0; g < groups.Count; g++)
            await BaselineAsync(g, groups[g]).ConfigureAwait(false);

        int[] refused = [.. state.Results.Where(r => r!.Outcome != PromptOutcome.NotRefused).Select(r => r!.Index)];
        IReadOnlyList<Range> sweeps = Batches.OfCount(refused.Length, _generation.Batch);
        context.Expect(refused.Length + (sweeps.Count * _settings.Steps.Length));
        for (int g = 0; g < sweeps.Count; g++)
            await SweepAsync(g, [.. sweeps[g].Of(refused)]).ConfigureAwait(false);
    }

    private int[] Layers()
    {
        // The residual stream into block b is the output of block b − 1: the last layer whose features write to what the direction is read from.
        int last = state.Direction!.Block - 1;
        int[] layers = [.. (_settings.Layers ?? [.. state.SaeLayers.Where(l => l <= last)]).Except(_settings.ExcludedLayers)];
        int missing = layers.Except(state.SaeLayers).FirstOrDefault(-1);
        if (missing >= 0)
            throw new PipelineException($"candidates: layer {missing} has no SAE; expected layers among {string.Join(", ", state.SaeLayers)}");
        return layers.Length > 0 ? layers : throw new PipelineException(
            $"candidates: no layer with an SAE up to the direction's ({state.Direction.Hook}); SAEs are at {string.Join(", ", state.SaeLayers)}: name layers in $.candidates.layers or choose a later direction");
    }

    private async Task<CandidateRanking> RankAsync(int[] layers)
    {
        List<ImmutableArray<RankedFeature>> ranked = [];
        foreach (int layer in layers)
        {
            RankedFeature[] best = await context.PieceAsync($"candidates/rank/{layer}", $"ranking the features of layer {layer}", (model, _) =>
                model.RankByDecoder(layer, state.Direction!.Vector.AsSpan(), _settings.Steps[^1]).ToArray()).ConfigureAwait(false);
            ranked.Add([.. best]);
        }
        return CandidateRanking.Of(ranked);
    }

    private async Task BaselineAsync(int group, Range range)
    {
        int[] indices = [.. range.Of([.. Enumerable.Range(0, state.Prompts.Length)])];
        InterventionSet without = InterventionSet.Of(Intervention.ProjectOut(state.Direction!.Vector, TokenScope.All));
        JudgedResponse[] responses = await context.PieceAsync($"candidates/baseline/{group}", $"baseline and directional ablation of prompts {Names(indices)}",
            (model, ct) => Judged(model, [
                .. indices.Select(i => new PromptRow(state.Ids[i], InterventionSet.Empty)),
                .. indices.Select(i => new PromptRow(state.Ids[i], without)),
            ], ct)).ConfigureAwait(false);
        for (int n = 0; n < indices.Length; n++)
        {
            int i = indices[n];
            state.Set(new PromptResult
            {
                Index = i,
                Instruction = state.Prompts[i].Instruction,
                Category = state.Prompts[i].Category,
                Outcome = responses[n].Verdict.Kind == VerdictKind.Refused ? PromptOutcome.Refused : PromptOutcome.NotRefused,
                Baseline = responses[n],
                Directional = responses[indices.Length + n],
            });
        }
        state.Publish();
    }

    private async Task SweepAsync(int group, int[] indices)
    {
        (ImmutableArray<FeatureId> pool, IReadOnlyList<bool[]> masks) = CandidateSweep.Sets(state.Ranking!, _settings.Steps);
        var probabilities = new Dictionary<int, double[]>();
        foreach (int i in indices)
        {
            probabilities[i] = await new AblationPieces(context, state).EvaluateAsync($"candidates/curve/{i}", $"P over K of prompt {i + 1}", i, pool, masks, expected: 1)
                .ConfigureAwait(false);
        }
        var curves = indices.ToDictionary(i => i, _ => ImmutableArray.CreateBuilder<KPoint>());
        var smallest = new Dictionary<int, int>();
        for (int s = 0; s < _settings.Steps.Length; s++)
        {
            int k = _settings.Steps[s];
            ImmutableArray<FeatureId> features = state.Ranking!.Take(k);
            int[] left = [.. indices.Where(i => !smallest.ContainsKey(i))];
            JudgedResponse[] responses = [];
            if (left.Length > 0)
            {
                responses = await context.PieceAsync($"candidates/respond/{group}/{k}", $"responses with the top {k} a layer ablated", (model, ct) =>
                    Judged(model, [.. left.Select(i => new PromptRow(state.Ids[i], state.Ablate(features)))], ct)).ConfigureAwait(false);
            }
            else
            {
                context.Expect(-1);
            }
            foreach (int i in indices)
            {
                int place = Array.IndexOf(left, i);
                JudgedResponse? response = place < 0 ? null : responses[place];
                curves[i].Add(new KPoint(k, features.Length, probabilities[i][s + 1], response));
                if (response is { Complied: true })
                    smallest[i] = k;
                bool last = s == _settings.Steps.Length - 1;
                state.Set(state.Results[i]! with
                {
                    Sweep = [.. curves[i]],
                    SmallestK = smallest.TryGetValue(i, out int flipped) ? flipped : null,
                    Outcome = smallest.ContainsKey(i) ? PromptOutcome.Flipped : last ? PromptOutcome.NotFlipped : PromptOutcome.Refused,
                });
            }
            state.Publish();
        }
    }

    private JudgedResponse[] Judged(IStudyModel model, IReadOnlyList<PromptRow> rows, CancellationToken cancellation) =>
        [.. model.Generate(rows, _generation.MaxNewTokens, cancellation).Select(judge.Judge)];

    private static string Names(int[] indices) => indices.Length == 1 ? $"{indices[0] + 1}" : $"{indices[0] + 1}–{indices[^1] + 1}";
}
