using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Pipeline.Analyses.Redundancy;

/// <summary>Settings of <see cref="RedundancyAnalysis"/>.</summary>
public sealed record RedundancySettings
{
    /// <summary>Rounds of the hydra beyond the set itself.</summary>
    [Range(0, 20, ErrorMessage = "rounds: expected 0 to 20")]
    [Display(Name = "Rounds", Description = "How often newly woken features of the whole dictionaries are ablated too; 0 leaves the hydra out")]
    public int Rounds { get; init; } = 3;

    /// <summary>Heads taken off a round.</summary>
    [Range(1, 1000, ErrorMessage = "heads: expected 1 to 1000")]
    [Display(Name = "Heads", Description = "Most newly woken features that are ablated in each round, those that push hardest towards refusal first")]
    public int Heads { get; init; } = 10;
}

/// <summary>
/// Which features of the set are silent, which of them wake when the others are ablated, at which token and layer and how strongly, and what
/// happens when they, and what wakes after them, are ablated too (paper, "Redundant Features" and Figure 2).
/// </summary>
public sealed class RedundancyAnalysis : Analysis<RedundancySettings>
{
    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "redundancy",
        Title = "Redundancy: the hydra",
        Question = "Which dormant features take over when others are ablated?",
        Paper = "Figure 2 and \"Redundant Features\"; the inert features of \"Stage 3\"",
        HowToRead = "Squares count features that fire only once the set is ablated, by layer and place of the token (the response's only where the feature is silent on the prompt); if P(\"I\") is lower with the dormant ones ablated too than with the active ones alone, the heads that grew back carried refusal.",
        Needs = AnalysisNeeds.Features | AnalysisNeeds.Harmful | AnalysisNeeds.Direction,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, RedundancySettings settings)
    {
        TokenClasses classes = await context.OnModelAsync((model, _) => TokenClasses.Of(model)).ConfigureAwait(false);
        ImmutableArray<FeatureId> union = context.Set.Union();
        ImmutableArray<FeatureId>[] dormant = await context.ForwardAsync("Silent features", [.. context.Harmful.Select(p => p.Row())],
            new CaptureSpec { Features = union }, (model, i, r) => Waking.Dormant(
                context.Set.For(context.Harmful[i].Prompt.Key), f => r.Features[f], t => Counts(context, model, context.Harmful[i], t)).ToImmutableArray()).ConfigureAwait(false);
        PromptRedundancy[] prompts = await AblateAsync(context, classes, union, dormant).ConfigureAwait(false);
        ImmutableArray<HydraRound>[] hydras = settings.Rounds > 0 ? await HydraAsync(context, settings).ConfigureAwait(false) : [];
        return RedundancyTables.Describe(context.Set.Name, prompts, hydras, classes, context.Statistics, context.Scope.Covers(0, 2, true)) with { Layers = context.SaeLayers };
    }

    private static bool Counts(AnalysisContext context, LanguageModel model, EncodedPrompt prompt, int position) =>
        context.Covers(model, prompt.Ids, position, prompt.Ids.Length);

    /// <summary>The four arms of a prompt: nothing, all, the active ones alone, the dormant ones alone; with responses, and what fires meanwhile.</summary>
    private static async Task<PromptRedundancy[]> AblateAsync(
        AnalysisContext context, TokenClasses classes, ImmutableArray<FeatureId> union, ImmutableArray<FeatureId>[] dormant)
    {
        const int arms = 4;
        PromptRow[] rows = [.. context.Harmful.SelectMany((p, i) =>
        {
            ImmutableArray<FeatureId> all = context.Set.For(p.Prompt.Key);
            return (PromptRow[])
            [
                p.Row(), p.Row(Intervention.Ablate(all, context.Scope)), p.Row(Intervention.Ablate(all.Except(dormant[i]), context.Scope)),
                p.Row(Intervention.Ablate(dormant[i], context.Scope)),
            ];
        })];
        ArmOutcome[] outcomes = await context.GenerateAsync("Ablating active and dormant features", rows, (model, row, r) =>
        {
            EncodedPrompt prompt = context.Harmful[row / arms];
            ImmutableArray<int> ids = [.. prompt.Ids, .. r.Ids];
            Wake[] woken = row % arms != 2 ? [] : [.. Waking.Woken(dormant[row / arms], f => r.Features[f], prompt.Ids.Length, t => Counts(context, model, prompt, t),
                t => (model.Tokenizer?.Decode([ids[t]]) ?? $"#{ids[t]}", classes.At(t, prompt.Ids.Length)))];
            return new ArmOutcome(r.Text, Probability.Mass(r.FirstLogits, model.RefusalTokens), woken);
        }, union).ConfigureAwait(false);
        ImmutableArray<JudgedResponse> judged = await context.Judges.JudgeAsync([.. outcomes.Select((o, i) => new JudgedResponse
        {
            Arm = (i % arms) switch { 0 => "no ablation", 1 => "all", 2 => "active alone", _ => "dormant alone" },
            Prompt = context.Harmful[i / arms].Prompt.Key,
            Category = context.Harmful[i / arms].Prompt.Category,
            DataSet = context.Harmful[i / arms].DataSet,
            Harmful = true,
            Text = o.Text,
            RefusalProbability = o.Probability,
            Verdict = new Verdict(VerdictKind.Unclear, "none"),
        })], cancellation: context.Cancellation).ConfigureAwait(false);
        return [.. context.Harmful.Select((p, i) => new PromptRedundancy(
            p, context.Set.For(p.Prompt.Key).Length, dormant[i], [.. outcomes[(i * arms) + 2].Woken], [.. judged.AsSpan(i * arms, arms)]))];
    }

    /// <summary>Round by round: ablate, see what grows in all dictionaries, ablate that too.</summary>
    private static async Task<ImmutableArray<HydraRound>[]> HydraAsync(AnalysisContext context, RedundancySettings settings)
    {
        Dictionary<int, double[]> push = await context.OnModelAsync((model, _) => context.SaeLayers.ToDictionary(l => l, l =>
            model.Sae(l).DecoderCosines(context.Direction!.Values.AsSpan()).Zip(model.Sae(l).DecoderNorms(), (c, n) => (double)c * n).ToArray())).ConfigureAwait(false);
        double PushPerUnit(FeatureId f) => push[f.Layer][f.Index];
        var ablated = context.Harmful.Select(p => context.Set.For(p.Prompt.Key).ToHashSet()).ToArray();
        var before = new HashSet<FeatureId>[context.Harmful.Length];
        var rounds = context.Harmful.Select(_ => ImmutableArray.CreateBuilder<HydraRound>()).ToArray();
        CaptureSpec capture = new() { ActiveLayers = context.SaeLayers };
        for (int round = -1; round <= settings.Rounds; round++)
        {
            PromptRow[] rows = [.. context.Harmful.Select((p, i) => round < 0 ? p.Row() : p.Row(Intervention.Ablate(ablated[i].Order(), context.Scope)))];
            (Dictionary<FeatureId, Peak> Peaks, double Probability)[] runs = await context.ForwardAsync(
                round < 0 ? "All dictionaries, no ablation" : $"Hydra, round {round}", rows, capture,
                (model, i, r) => (Heads.Peaks(r.Active, t => Counts(context, model, context.Harmful[i], t)), Probability.Mass(r.LastLogits, model.RefusalTokens))).ConfigureAwait(false);
            for (int i = 0; i < runs.Length; i++)
            {
                if (round < 0)
                {
                    before[i] = [.. runs[i].Peaks.Keys];
                    continue;
                }
                IReadOnlyList<Head> grown = Heads.Grown(runs[i].Peaks, before[i], ablated[i], PushPerUnit);
                Head[] heads = [.. grown.Take(settings.Heads)];
                rounds[i].Add(new HydraRound(round, runs[i].Probability, grown.Count, heads));
                ablated[i].UnionWith(heads.Select(h => h.Feature));
            }
        }
        return [.. rounds.Select(r => r.ToImmutable())];
    }

    private sealed record ArmOutcome(string Text, double Probability, Wake[] Woken);
}

/// <summary>What one prompt showed.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Features">Features of its set.</param>
/// <param name="Dormant">Those of them that are silent on it.</param>
/// <param name="Woken">Those of the silent ones that fire when the active ones are ablated.</param>
/// <param name="Arms">Responses: no ablation, all, active alone, dormant alone.</param>
internal sealed record PromptRedundancy(
    EncodedPrompt Prompt, int Features, ImmutableArray<FeatureId> Dormant, ImmutableArray<Wake> Woken, ImmutableArray<JudgedResponse> Arms)
{
    /// <summary>Those that wake on the prompt itself. A response to another text may fire features for what it says, not for what was ablated.</summary>
    public IEnumerable<Wake> WokenOnPrompt => Woken.Where(w => w.Class != TokenClass.Generated);

    /// <summary>The paper's first step: whether the jailbreak of the whole set is lost when the dormant features are left alone.</summary>
    public bool DormantMatter => Arms[1].Verdict.Kind == VerdictKind.Complied && Arms[2].Verdict.Kind != VerdictKind.Complied;
}
