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
/// flipped (paper, "Comparison with random features"). Measured as mean P("I") on harmful prompts; all draws of a prompt are one batch.
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
        HowToRead = "Each dot is one random set; where the set's own line lies left of all dots of a strip, the p-value beside it is as small as this many draws allow.",
        Needs = AnalysisNeeds.Features | AnalysisNeeds.Harmful,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, ControlsSettings settings)
    {
        ImmutableArray<FeatureId> set = context.Set.Union();
        ImmutableArray<int> layers = [.. set.Select(f => f.Layer).Distinct().Order()];
        IReadOnlyDictionary<int, LayerActivity> activity = await ActivityAsync(context, layers).ConfigureAwait(false);
        (ControlKind Kind, ImmutableArray<FeatureId> Features)[] draws =
        [
            .. from kind in Enum.GetValues<ControlKind>()
               from draw in Enumerable.Range(0, settings.Draws)
               select (kind, ControlDraws.Draw(set, activity, kind, new SeededRandom(unchecked((context.Request.Seed * 7919) + ((int)kind * 100_003) + draw)))),
        ];
        ImmutableArray<FeatureId> pool = [.. draws.SelectMany(d => d.Features).Concat(set).Distinct().Order()];
        bool[][] masks = [Mask(pool, []), Mask(pool, set), .. draws.Select(d => Mask(pool, d.Features))];

        List<double[]> byPrompt = [];
        context.Progress.Report(new AnalysisProgress("Random sets", 0, context.Harmful.Length));
        foreach (EncodedPrompt prompt in context.Harmful)
        {
            byPrompt.Add(await context.OnModelAsync((model, ct) =>
                model.RefusalProbabilities(prompt.Ids, new AblationBatch(pool, masks, context.Scope), cancellation: ct)).ConfigureAwait(false));
            context.Progress.Report(new AnalysisProgress("Random sets", byPrompt.Count, context.Harmful.Length));
        }
        double[] flipped = await context.ForwardAsync("Sign flipped",
            [.. context.Harmful.Select(p => p.Row(Intervention.Scale(set, 2, context.Scope)))], CaptureSpec.LastLogits,
            (model, _, r) => Probability.Mass(r.LastLogits, model.RefusalTokens)).ConfigureAwait(false);
        double[] means = [.. Enumerable.Range(0, masks.Length).Select(m => byPrompt.Average(p => p[m]))];
        return Describe(means[0], means[1], flipped.Average(),
            [.. draws.Select((d, i) => new ControlDraw(d.Kind, d.Features, means[i + 2]))], context.Set.Name);
    }

    /// <summary>Chart and tables.</summary>
    internal static AnalysisOutput Describe(double baseline, double own, double flipped, IReadOnlyList<ControlDraw> draws, string name)
    {
        (ControlKind Kind, double[] Values, RankTestResult Test)[] kinds =
            [.. draws.GroupBy(d => d.Kind).Select(g => (g.Key, g.Select(d => d.Probability).ToArray(), RankTest.Against(own, [.. g.Select(d => d.Probability)], Tail.Lower)))];
        return new AnalysisOutput
        {
            Findings =
            [
                FormattableString.Invariant($"Mean P(\"I\") is {baseline:0.###} without ablation, {own:0.###} with {name} ablated, and {flipped:0.###} with the sign of the edit flipped (activations doubled)."),
                .. kinds.Select(k => FormattableString.Invariant($"{Word(k.Kind)}: {k.Values.Min():0.###} to {k.Values.Max():0.###} over {k.Values.Length} draws, p = {k.Test.PValue:0.####}.")),
            ],
            Charts = [new DistributionChart
            {
                Id = "draws",
                Title = "Mean P(\"I\") on harmful prompts, random sets and the set itself",
                XTitle = "mean P(\"I\")",
                Groups = [.. kinds.Select(k => new Distribution { Name = Word(k.Kind), Draws = [.. k.Values], Note = FormattableString.Invariant($"p = {k.Test.PValue:0.####}") })],
                Value = own,
                ValueName = name,
                Reference = baseline,
                ReferenceName = "no ablation",
            }],
            Tables =
            [
                AnalysisTable.Of("controls", "Random sets by kind",
                    [new("control", ColumnKind.Text), new("draws", ColumnKind.Count), new("mean"), new("sd"), new("least"), new("largest"), new("set's own value"), new("p")],
                    [
                        .. kinds.Select(k => (IEnumerable<Cell>)[Word(k.Kind), k.Values.Length, k.Values.Average(), Moments.Deviation(k.Values), k.Values.Min(), k.Values.Max(), own, k.Test.PValue]),
                        ["sign flipped", 1, flipped, Cell.Empty, flipped, flipped, own, Cell.Empty],
                        ["no ablation", 1, baseline, Cell.Empty, baseline, baseline, own, Cell.Empty],
                    ]),
                AnalysisTable.Of("draws", "Every draw",
                    [new("control", ColumnKind.Text), new("mean P(\"I\")"), new("features", ColumnKind.Feature)],
                    draws.Select(d => (IEnumerable<Cell>)[Word(d.Kind), d.Probability, string.Join(' ', d.Features)])),
            ],
        };
    }

    private static string Word(ControlKind kind) => kind switch
    {
        ControlKind.Active => "random, active on the prompts",
        ControlKind.MatchedActivity => "matched activity",
        ControlKind.MatchedNorm => "matched norm",
        _ => "random",
    };

    private static bool[] Mask(ImmutableArray<FeatureId> pool, ImmutableArray<FeatureId> features)
    {
        HashSet<FeatureId> ablated = [.. features];
        return [.. pool.Select(ablated.Contains)];
    }

    private static async Task<IReadOnlyDictionary<int, LayerActivity>> ActivityAsync(AnalysisContext context, ImmutableArray<int> layers)
    {
        double[][] norms = await context.OnModelAsync((model, _) =>
            layers.Select(l => model.Sae(l).DecoderNorms().Select(n => (double)n).ToArray()).ToArray()).ConfigureAwait(false);
        Dictionary<int, LayerActivity> activity = layers.Zip(norms).ToDictionary(x => x.First, x => new LayerActivity(new int[x.Second.Length], new double[x.Second.Length]));
        TokenScope scope = context.Scope;
        await context.ForwardAsync("Activity on the prompts", [.. context.Harmful.Select(p => p.Row())], new CaptureSpec { ActiveLayers = layers },
            (model, row, r) =>
            {
                ImmutableArray<int> ids = context.Harmful[row].Ids;
                for (int l = 0; l < layers.Length; l++)
                    Add(r.Active[layers[l]], activity[layers[l]], norms[l], t => scope.Covers(t, ids.Length, model.Tokenizer?.SpecialIds.Contains(ids[t]) ?? false));
                return 0;
            }).ConfigureAwait(false);
        return activity;
    }

    private static void Add(SparseActivations acts, LayerActivity sum, double[] norms, Func<int, bool> inScope)
    {
        for (int t = 0; t < acts.Tokens; t++)
        {
            if (!inScope(t))
                continue;
            foreach (FeatureWeight entry in acts.At(t))
            {
                sum.Tokens[entry.Id]++;
                sum.Norm[entry.Id] += entry.Value * norms[entry.Id];
            }
        }
    }
}

/// <summary>One random set.</summary>
internal sealed record ControlDraw(ControlKind Kind, ImmutableArray<FeatureId> Features, double Probability);
