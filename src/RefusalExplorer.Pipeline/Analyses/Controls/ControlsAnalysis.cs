using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.Controls;

/// <summary>Settings of <see cref="ControlsAnalysis"/>.</summary>
public sealed record ControlsSettings
{
    /// <summary>Random sets of each kind.</summary>
    [Range(1, 10000, ErrorMessage = "draws: expected 1 to 10000")]
    [Display(Name = "Draws", Description = "Random sets of each kind; p can be no smaller than 1 / (draws + 1)")]
    public int Draws { get; init; } = 19;
}

/// <summary>
/// The set against random features: the same number a layer, matched in activity, matched in norm, and the set itself with the sign of its edit
/// flipped (paper, "Comparison with random features"). A prompt with a set of its own is compared with random sets of its own. Measured as mean
/// P("I") on harmful prompts; all draws of a prompt are one batch.
/// </summary>
public sealed class ControlsAnalysis : Analysis<ControlsSettings>
{
    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "controls",
        Title = "Against random features",
        Question = "Would any features have done the same?",
        Paper = "\"Comparison with random features\"",
        HowToRead = "Each dot is one draw of random features, the same for all prompts or, where prompts have sets of their own, as many as each prompt's own set; where the set's own line lies left of all dots of a strip, the p-value beside it is as small as this many draws allow.",
        Needs = AnalysisNeeds.Features | AnalysisNeeds.Harmful,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, ControlsSettings settings)
    {
        // With one set for all prompts a draw is shared too; else each prompt draws as many as its own set has of each layer.
        bool shared = context.Set.ByPrompt.IsEmpty;
        ImmutableArray<int> layers = [.. context.Harmful.SelectMany(p => Own(context, p)).Select(f => f.Layer).Distinct().Order()];
        (ControlDraws control, IReadOnlyDictionary<int, int[]>?[] active) = await ActivityAsync(context, layers, !shared).ConfigureAwait(false);
        var plan = ControlPlan.Of(context.Harmful.Length, (p, kind) => control.TooFewAt(Own(context, context.Harmful[p]), kind, active[p]));
        ImmutableArray<FeatureId>[] common = shared ? Draws(context.Set.Union(), null, 0) : [];

        List<(EncodedPrompt Prompt, ImmutableArray<FeatureId> Own, double[] Probabilities)> measured = [];
        context.Progress.Report(new AnalysisProgress("Random sets", 0, plan.Prompts.Length));
        foreach (int p in plan.Prompts)
        {
            EncodedPrompt prompt = context.Harmful[p];
            ImmutableArray<FeatureId> own = Own(context, prompt);
            ImmutableArray<FeatureId>[] sets = [[], own, .. shared ? common : Draws(own, active[p], p)];
            ImmutableArray<FeatureId> pool = [.. sets.SelectMany(f => f).Distinct().Order()];
            bool[][] masks = [.. sets.Select(f => Mask(pool, f))];
            measured.Add((prompt, own, await context.OnModelAsync((model, ct) =>
                model.RefusalProbabilities(prompt.Ids, new AblationBatch(pool, masks, context.Scope), cancellation: ct)).ConfigureAwait(false)));
            context.Progress.Report(new AnalysisProgress("Random sets", measured.Count, plan.Prompts.Length));
        }
        double[] flipped = await context.ForwardAsync("Sign flipped",
            [.. measured.Select(m => m.Prompt.Row(Intervention.Scale(m.Own, 2, context.Scope)))], CaptureSpec.LastLogits,
            (model, _, r) => Probability.Mass(r.LastLogits, model.RefusalTokens)).ConfigureAwait(false);
        return ControlsTables.Describe(context.Set.Name, plan,
            [.. measured.Zip(flipped, (m, f) => new ControlledPrompt(m.Prompt, m.Own.Length, m.Probabilities[0], m.Probabilities[1], f, [.. m.Probabilities[2..]]))], common);

        ImmutableArray<FeatureId>[] Draws(ImmutableArray<FeatureId> own, IReadOnlyDictionary<int, int[]>? activeHere, int prompt) =>
        [
            .. from kind in plan.Kinds
               from draw in Enumerable.Range(0, settings.Draws)
               let seed = unchecked((context.Request.Seed * 7919) + (prompt * 1_000_003L) + ((int)kind * 100_003) + draw)
               select control.Draw(own, kind, new SeededRandom(seed), activeHere),
        ];
    }

    private static ImmutableArray<FeatureId> Own(AnalysisContext context, EncodedPrompt prompt) => [.. context.Set.For(prompt.Prompt.Key).Distinct().Order()];

    private static bool[] Mask(ImmutableArray<FeatureId> pool, ImmutableArray<FeatureId> features)
    {
        HashSet<FeatureId> ablated = [.. features];
        return [.. pool.Select(ablated.Contains)];
    }

    /// <summary>What is active on the tokens in scope: of every feature over all prompts, and by prompt which features are, where that is asked for.</summary>
    private static async Task<(ControlDraws Draws, IReadOnlyDictionary<int, int[]>?[] Active)> ActivityAsync(
        AnalysisContext context, ImmutableArray<int> layers, bool byPrompt)
    {
        double[][] norms = await context.OnModelAsync((model, _) =>
            layers.Select(l => model.Sae(l).DecoderNorms().Select(n => (double)n).ToArray()).ToArray()).ConfigureAwait(false);
        Dictionary<int, LayerActivity> activity = layers.Zip(norms).ToDictionary(x => x.First, x => new LayerActivity(new int[x.Second.Length], new double[x.Second.Length]));
        IReadOnlyDictionary<int, int[]>?[] active = await context.ForwardAsync(
            "Activity on the prompts", [.. context.Harmful.Select(p => p.Row())], new CaptureSpec { ActiveLayers = layers },
            (model, row, r) =>
            {
                ImmutableArray<int> ids = context.Harmful[row].Ids;
                Dictionary<int, int[]> here = [];
                for (int l = 0; l < layers.Length; l++)
                    here.Add(layers[l], Add(r.Active[layers[l]], activity[layers[l]], norms[l], t => context.Covers(model, ids, t, ids.Length)));
                return byPrompt ? here : null;
            }).ConfigureAwait(false);
        return (new ControlDraws(activity), active);
    }

    /// <summary>Adds a prompt to the sums; gives the features that are active on it, ascending.</summary>
    private static int[] Add(SparseActivations acts, LayerActivity sum, double[] norms, Func<int, bool> inScope)
    {
        HashSet<int> active = [];
        for (int t = 0; t < acts.Tokens; t++)
        {
            if (!inScope(t))
                continue;
            foreach (FeatureWeight entry in acts.At(t))
            {
                active.Add(entry.Id);
                sum.Tokens[entry.Id]++;
                sum.Norm[entry.Id] += entry.Value * norms[entry.Id];
            }
        }
        return [.. active.Order()];
    }
}
