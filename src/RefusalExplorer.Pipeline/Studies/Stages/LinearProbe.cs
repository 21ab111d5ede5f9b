using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Interactions;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>The linear probe as a rival of the machine: its top features by weight, the same for all prompts, are ablated.</summary>
internal sealed class LinearProbe(StudyContext context, StudyState state, StudyJudgePanel judge, InteractionTraining training)
{
    public async Task<ProbeResult> RunAsync(int[] prompts)
    {
        ImmutableArray<int> steps = context.Study.Interactions.ProbeSteps;
        IReadOnlyList<Range> groups = Batches.OfCount(prompts.Length, context.Study.Generation.Batch);
        context.Expect(1 + (steps.Length * groups.Count));
        (FactorizationMachine probe, MachineResult machine) = await training.ProbeAsync().ConfigureAwait(false);
        ImmutableArray<FeatureId> ranked = [.. InteractionRanking.ByWeight(probe).Select(r => r.Feature)];
        HashSet<int> flipped = [];
        var points = ImmutableArray.CreateBuilder<ProbePoint>();
        foreach (int k in steps)
        {
            List<JudgedResponse> responses = [];
            for (int g = 0; g < groups.Count; g++)
            {
                ImmutableArray<int> group = groups[g].Of(prompts);
                responses.AddRange(await context.PieceAsync($"interactions/probe/{k}/{g}", $"responses with the probe's top {k} features ablated", (model, ct) =>
                    model.Generate([.. group.Select(i => new PromptRow(state.Ids[i], state.Ablate(ranked.Take(k))))], context.Study.Generation.MaxNewTokens, ct)
                        .Select(judge.Judge).ToArray()).ConfigureAwait(false));
            }
            int[] works = [.. Enumerable.Range(0, prompts.Length).Where(n => responses[n].Complied)];
            flipped.UnionWith(works);
            points.Add(new ProbePoint(k, works.Length, responses.Average(r => r.Probability)));
        }
        return new ProbeResult(machine, points.ToImmutable(), flipped.Count, prompts.Length);
    }
}
