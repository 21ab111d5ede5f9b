using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Analyses.CosineByLayer;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Candidates;
using RefusalExplorer.Pipeline.Interactions;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.LinearProbe;

/// <summary>Settings of <see cref="LinearProbeAnalysis"/>.</summary>
public sealed record LinearProbeSettings
{
    /// <summary>K, features ablated.</summary>
    [MinLength(1, ErrorMessage = "k: expected at least one")]
    [Display(Name = "K", Description = "Top features of each ranking that are ablated; the paper takes 100, 500, 1000 and 2000 of 131,072 a layer")]
    public ImmutableArray<int> K { get; init; } = [10, 25, 50, 100];

    /// <summary>Prompts that are kept from training and attacked.</summary>
    [Range(1, 10000, ErrorMessage = "held-out prompts: expected 1 to 10000")]
    [Display(Name = "Held-out prompts", Description = "Harmful prompts that are kept from training; the rankings' features are ablated on them")]
    public int HeldOut { get; init; } = 8;

    /// <summary>Embedding sizes of the factorization machine.</summary>
    [MinLength(1, ErrorMessage = "embedding sizes: expected at least one")]
    [Display(Name = "Embedding sizes", Description = "Sizes that are compared; the paper tries 5, 20 and 50")]
    public ImmutableArray<int> EmbeddingSizes { get; init; } = [5, 20, 50];

    /// <summary>The size that ranks.</summary>
    [Range(1, 1024, ErrorMessage = "embedding size: expected 1 to 1024")]
    [Display(Name = "Embedding size", Description = "Size of the machine that ranks")]
    public int EmbeddingSize { get; init; } = 20;

    /// <summary>Passes over the training samples.</summary>
    [Range(1, 10000, ErrorMessage = "epochs: expected 1 to 10000")]
    [Display(Name = "Epochs", Description = "Passes over the training samples")]
    public int Epochs { get; init; } = 20;

    /// <summary>Last tokens of each prompt.</summary>
    [Range(1, 1000, ErrorMessage = "tokens: expected 1 to 1000")]
    [Display(Name = "Tokens", Description = "Last tokens of each prompt whose activations are learned from")]
    public int Tokens { get; init; } = 4;
}

/// <summary>The factorization machine against a linear probe on the same activations (paper, "Factorization Machines vs. Linear Probe").</summary>
public sealed class LinearProbeAnalysis : Analysis<LinearProbeSettings>
{
    // Half of the harmful prompts may be kept back, and ten are the fewest that split in train, validation and test.
    private const int Least = 20;
    private const string Machine = "factorization machine";
    private const string Probe = "linear probe";
    private const string Random = "random active features";

    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "linear-probe",
        Title = "Factorization machine against linear probe",
        Question = "Do interactions between features find more than their single weights?",
        Paper = "\"Factorization Machines vs. Linear Probe\"; embedding sizes of \"Factorization Machines\"; test accuracy of the appendix",
        HowToRead = "Both tell harmful from harmless prompts; what counts is whose top K features flip refusals when they are ablated, counted on held-out prompts that the model refuses without an edit: a machine above the probe speaks for interactions, as in the paper.",
        Needs = AnalysisNeeds.Features | AnalysisNeeds.Harmful | AnalysisNeeds.Harmless | AnalysisNeeds.Direction,
        DefaultPrompts = 60,
        HarmfulSet = "demo:harmful_train",
        HarmlessSet = "demo:harmless_train",
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, LinearProbeSettings settings)
    {
        if (context.Harmful.Length < Least || context.Harmless.Length < Least)
        {
            throw new PipelineException(
                $"linear-probe: {context.Harmful.Length} harmful and {context.Harmless.Length} harmless prompts; expected at least {Least} of each to learn from, choose by, test on and attack");
        }
        // Spread over the set: files put prompts of one topic side by side.
        int heldOut = Math.Min(settings.HeldOut, context.Harmful.Length / 2);
        EncodedPrompt[] attacked = [.. Enumerable.Range(0, heldOut).Select(i => context.Harmful[(int)((long)i * context.Harmful.Length / heldOut)])];
        EncodedPrompt[] learned = [.. context.Harmful.Except(attacked), .. context.Harmless];
        ImmutableArray<int> layers = Layers(context);
        InteractionDatasetBuilder builder = new(new InteractionDatasetSettings { LastTokens = settings.Tokens, Seed = context.Request.Seed });
        List<ActiveFeature>[][] activations = await context.ForwardAsync("Activations to learn from", [.. learned.Select(p => p.Row())],
            new CaptureSpec { ActiveLayers = layers, ActiveTokens = settings.Tokens }, (_, i, r) => LastTokens(r, layers)).ConfigureAwait(false);
        for (int i = 0; i < learned.Length; i++)
            builder.Add(learned[i].Harmful, activations[i]);
        InteractionDataset data = builder.Build();

        context.Progress.Report(new AnalysisProgress("Training"));
        int[] sizes = [.. settings.EmbeddingSizes.Append(settings.EmbeddingSize).Append(0).Distinct().Order()];
        var trained = sizes.ToDictionary(s => s, s => FactorizationMachineTrainer.Train(
            data, new FactorizationMachineSettings { EmbeddingSize = s, Epochs = settings.Epochs, Seed = context.Request.Seed }, cancellation: context.Cancellation));
        (string Name, ImmutableArray<FeatureId> Features)[] rankings = Rank(context, trained[settings.EmbeddingSize].Model, trained[0].Model);
        int[] ks = [.. settings.K.Distinct().Order()];
        ResponseArm[] arms =
        [
            new(ResponseArms.Baseline, SeriesRole.Baseline, _ => []),
            .. from ranking in rankings
               from k in ks
               select new ResponseArm(FormattableString.Invariant($"{ranking.Name}, K = {k}"), SeriesRole.Other, _ => [Intervention.Ablate(ranking.Features.Take(k), context.Scope)]),
        ];
        ImmutableArray<JudgedResponse> responses = await ResponseArms.RunAsync(context, attacked, arms).ConfigureAwait(false);
        return Describe([.. rankings.Select(r => r.Name)], ks, responses, [.. sizes.Select(s => (s, trained[s]))], settings.EmbeddingSize, data) with { Layers = layers };
    }

    /// <summary>The paper's "layer 2-steering layer": up to the one whose output the direction was read at, where its hook says so.</summary>
    private static ImmutableArray<int> Layers(AnalysisContext context)
    {
        int? end = CosineByLayerAnalysis.ReadAt(context.Direction!.Hook);
        ImmutableArray<int> layers = [.. context.SaeLayers.Except(CandidateRanking.ExcludedByDefault).Where(l => end is null || l < end)];
        return !layers.IsEmpty ? layers : throw new PipelineException(
            $"linear-probe: no layer with an SAE from 2 up to the direction's hook {context.Direction.Hook}; expected one to learn from, or a later direction");
    }

    private static List<ActiveFeature>[] LastTokens(ForwardResult result, ImmutableArray<int> layers)
    {
        int tokens = result.Active[layers[0]].Tokens;
        return [.. Enumerable.Range(0, tokens).Select(t => layers.SelectMany(l => result.Active[l].At(t).Select(e => new ActiveFeature(new FeatureId(l, e.Id), e.Value))).ToList())];
    }

    /// <summary>By embedding similarity to the set (where it has embeddings), by weight, and at random among the features that fire.</summary>
    private static (string Name, ImmutableArray<FeatureId> Features)[] Rank(AnalysisContext context, FactorizationMachine machine, FactorizationMachine probe)
    {
        ImmutableArray<FeatureId> set = context.Set.Union();
        FeatureId[] shuffled = [.. machine.Features];
        new SeededRandom(context.Request.Seed).Shuffle<FeatureId>(shuffled);
        List<(string, ImmutableArray<FeatureId>)> rankings = [];
        if (set.Any(f => machine.ColumnOf(f) >= 0))
            rankings.Add((Machine, [.. InteractionRanking.ByEmbedding(machine, set, cancellation: context.Cancellation).Features.Select(r => r.Feature)]));
        rankings.Add((Probe, [.. InteractionRanking.ByWeight(probe).Select(r => r.Feature)]));
        rankings.Add((Random, [.. shuffled]));
        return [.. rankings];
    }

    /// <summary>Charts and tables.</summary>
    internal static AnalysisOutput Describe(
        IReadOnlyList<string> rankings, IReadOnlyList<int> ks, ImmutableArray<JudgedResponse> responses,
        IReadOnlyList<(int Size, FactorizationMachineResult Result)> trained, int ranksWith, InteractionDataset? data)
    {
        JudgedResponse[][][] heldOut = [.. rankings.Select(r => ks.Select(k => responses.Where(x => x.Arm == FormattableString.Invariant($"{r}, K = {k}")).ToArray()).ToArray())];
        // A prompt that is answered without an edit cannot be flipped; the paper filters it out before it attacks.
        JudgedResponse[] baseline = [.. responses.Where(r => r.Arm == ResponseArms.Baseline)];
        HashSet<string> refused = [.. baseline.Where(r => r.Verdict.Kind == VerdictKind.Refused).Select(r => r.Prompt)];
        JudgedResponse[][][] cells = [.. heldOut.Select(row => row.Select(c => c.Where(x => refused.Contains(x.Prompt)).ToArray()).ToArray())];
        ConfidenceInterval[][] success = [.. cells.Select(row => row.Select(c => Rates.Of(c, VerdictKind.Complied)).ToArray())];
        return new AnalysisOutput
        {
            Responses = responses,
            Findings =
            [
                .. LeftOut(baseline.Count(r => !refused.Contains(r.Prompt)), baseline.Length),
                .. rankings.Where(_ => refused.Count > 0).Select((name, r) => FormattableString.Invariant(
                    $"{char.ToUpperInvariant(name[0])}{name[1..]}: some K flips {cells[r].SelectMany(c => c).GroupBy(x => x.Prompt).Count(g => g.Any(x => x.Verdict.Kind == VerdictKind.Complied))} of {cells[r][0].Length} held-out prompts that the model refuses.")),
                .. trained.Where(t => t.Size == 0 || t.Size == ranksWith).Select(t => FormattableString.Invariant(
                    $"Test accuracy of the {(t.Size == 0 ? Probe : Machine)}: {t.Result.Test.Accuracy:P0} (the paper reports 98 % for the machine).")),
            ],
            Charts =
            [
                .. refused.Count == 0 ? (AnalysisChart[])[] : [Chart("success", "Attack success by ranking and K, of prompts that the model refuses", "share answered", success)],
                Chart("probability", "Mean P(\"I\") by ranking and K, of all held-out prompts", "mean P(\"I\")", [.. heldOut.Select(row => row.Select(c => Moments.MeanInterval([.. c.Select(x => x.RefusalProbability)], 0)).ToArray())]),
            ],
            Tables =
            [
                AnalysisTable.Of("rankings", "Attack success by ranking and K",
                    [new("ranking", ColumnKind.Text), new("K", ColumnKind.Count), new("prompts", ColumnKind.Count), new("attack success", ColumnKind.Share), new("low", ColumnKind.Share), new("high", ColumnKind.Share), new("degenerate", ColumnKind.Count), new("mean P(\"I\"), all held out")],
                    from r in Enumerable.Range(0, rankings.Count)
                    from k in Enumerable.Range(0, ks.Count)
                    let cell = cells[r][k]
                    select (IEnumerable<Cell>)[rankings[r], ks[k], cell.Length, success[r][k].Estimate, success[r][k].Low, success[r][k].High, cell.Count(x => x.Verdict.Kind == VerdictKind.Degenerate), heldOut[r][k].Average(x => x.RefusalProbability)]),
                AnalysisTable.Of("models", "Classifiers on the same activations",
                    [new("embedding size", ColumnKind.Count), new("features", ColumnKind.Count), new("test samples", ColumnKind.Count), new("test accuracy", ColumnKind.Share), new("test AUC"), new("test F1"), new("best epoch", ColumnKind.Count), new("mean |cosine| of embeddings")],
                    trained.Select(t => (IEnumerable<Cell>)[t.Size, t.Result.Model.Features.Length, data?.TestCount, t.Result.Test.Accuracy, t.Result.Test.Auc, t.Result.Test.F1, t.Result.BestEpoch, Similarity(t.Result.Model)])),
                Rates.Listing(responses),
            ],
        };

        LineChart Chart(string id, string title, string yTitle, ConfidenceInterval[][] values) => new()
        {
            Id = id,
            Title = title,
            XTitle = "K, features ablated",
            YTitle = yTitle,
            YMin = 0,
            YMax = 1,
            Series = [.. rankings.Select((name, r) => new LineSeries
            {
                Name = name,
                Role = name switch { Machine => SeriesRole.Features, Random => SeriesRole.Control, _ => SeriesRole.Other },
                X = [.. ks.Select(k => (double)k)],
                Y = [.. values[r].Select(v => v.Estimate)],
                Low = [.. values[r].Select(v => v.Low)],
                High = [.. values[r].Select(v => v.High)],
            })],
        };
    }

    private static IEnumerable<string> LeftOut(int answered, int heldOut)
    {
        if (answered == heldOut)
            yield return $"The model refuses none of the {heldOut} held-out prompts without an edit, so there is nothing to flip; expected prompts that it refuses.";
        else if (answered > 0)
            yield return $"{answered} of {heldOut} held-out prompts are left out of the counts, since the model does not refuse them without an edit.";
    }

    /// <summary>Mean |cosine| of pairs of embeddings, over a fixed sample: the paper finds size 5 overly similar.</summary>
    private static double Similarity(FactorizationMachine machine)
    {
        if (machine.EmbeddingSize == 0 || machine.Features.Length < 2)
            return double.NaN;
        SeededRandom random = new(0);
        return Enumerable.Range(0, 2000).Average(_ =>
        {
            ReadOnlySpan<float> a = machine.Embedding(random.NextInt(machine.Features.Length)), b = machine.Embedding(random.NextInt(machine.Features.Length));
            double ab = 0, aa = 0, bb = 0;
            for (int i = 0; i < a.Length; i++)
                (ab, aa, bb) = (ab + ((double)a[i] * b[i]), aa + ((double)a[i] * a[i]), bb + ((double)b[i] * b[i]));
            return aa == 0 || bb == 0 ? 0 : Math.Abs(ab) / Math.Sqrt(aa * bb);
        });
    }
}
