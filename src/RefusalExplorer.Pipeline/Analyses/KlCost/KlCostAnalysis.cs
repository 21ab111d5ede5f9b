using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.KlCost;

/// <summary>How far the edit moves the next-token distribution on harmless prompts: KL(baseline ‖ edited), nats, from float32 logits in float64.</summary>
public sealed class KlCostAnalysis : Analysis<NoSettings>
{
    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "kl",
        Title = "KL on harmless prompts",
        Question = "How much does the edit change answers that it should leave alone?",
        Paper = "\"Model performance loss\"; the reference's bound of 0.1 nats on a direction",
        HowToRead = "Below 0.1 nats, the bound of the reference's own selection, an edit passes as local; a few prompts far above the rest name what the features also do.",
        Needs = AnalysisNeeds.Features | AnalysisNeeds.Harmless | AnalysisNeeds.Direction,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, NoSettings settings)
    {
        ImmutableArray<ResponseArm> arms = ResponseArms.Usual(context);
        // Baseline logits of a prompt are needed beside each edited arm's: a prompt's arms stay together and one is kept at a time.
        PromptRow[] rows = [.. context.Harmless.SelectMany(p => arms.Select(a => p.Row(a.Edits(p))))];
        var baselines = new Dictionary<int, float[]>();
        KlSample[] samples = await context.ForwardAsync("KL on harmless prompts", rows, CaptureSpec.LastLogits, (_, row, r) =>
        {
            int prompt = row / arms.Length;
            if (row % arms.Length == 0)
                baselines[prompt] = r.LastLogits;
            KlSample sample = new(context.Harmless[prompt], arms[row % arms.Length].Name, Probability.Kl(baselines[prompt], r.LastLogits),
                ArgMax(baselines[prompt]) != ArgMax(r.LastLogits));
            if (row % arms.Length == arms.Length - 1)
                baselines.Remove(prompt);
            return sample;
        }).ConfigureAwait(false);
        return Describe([.. samples.Where(s => s.Arm != ResponseArms.Baseline)], context.Request.Seed);
    }

    /// <summary>Tables and chart.</summary>
    internal static AnalysisOutput Describe(IReadOnlyList<KlSample> samples, long seed)
    {
        (string Arm, KlSample[] Samples, ConfidenceInterval Mean)[] arms =
            [.. samples.GroupBy(s => s.Arm).Select(g => (g.Key, g.ToArray(), Moments.MeanInterval([.. g.Select(s => s.Kl)], seed)))];
        KlSample[][] byPrompt = [.. samples.GroupBy(s => s.Prompt).Select(g => g.ToArray())];
        return new AnalysisOutput
        {
            Findings = [.. arms.Select(a => FormattableString.Invariant(
                $"{char.ToUpperInvariant(a.Arm[0])}{a.Arm[1..]}: mean KL {a.Mean.Estimate:0.####} nats (95 % interval {a.Mean.Low:0.####} to {a.Mean.High:0.####}) over {a.Samples.Length} harmless prompts; the most likely next token changed on {a.Samples.Count(s => s.TopChanged)}."))],
            Charts = [new LineChart
            {
                Id = "kl",
                Title = "KL by harmless prompt, sorted",
                XTitle = "prompt",
                YTitle = "KL, nats",
                YMin = 0,
                Series = [.. arms.Select(a => new LineSeries
                {
                    Name = a.Arm,
                    Role = Rates.RoleOf(a.Arm),
                    X = [.. Enumerable.Range(1, a.Samples.Length).Select(i => (double)i)],
                    Y = [.. a.Samples.Select(s => s.Kl).Order()],
                })],
            }],
            Tables =
            [
                AnalysisTable.Of("kl", "KL by arm",
                    [new("arm", ColumnKind.Text), new("prompts", ColumnKind.Count), new("mean KL"), new("low"), new("high"), new("median KL"), new("max KL"), new("top token changed", ColumnKind.Share)],
                    arms.Select(a => (IEnumerable<Cell>)
                    [
                        a.Arm, a.Samples.Length, a.Mean.Estimate, a.Mean.Low, a.Mean.High, Bootstrap.Quantile([.. a.Samples.Select(s => s.Kl).Order()], 0.5),
                        a.Samples.Max(s => s.Kl), (double)a.Samples.Count(s => s.TopChanged) / a.Samples.Length,
                    ])),
                AnalysisTable.Of("by-prompt", "KL by prompt",
                    [new("prompt", ColumnKind.Text), .. arms.Select(a => new TableColumn(a.Arm))],
                    byPrompt.Select(p => (IEnumerable<Cell>)[p[0].Prompt.Prompt.Key, .. p.Select(s => (Cell)s.Kl)])),
            ],
        };
    }

    private static int ArgMax(float[] logits) => Array.IndexOf(logits, logits.Max());
}

/// <summary>One harmless prompt in one arm.</summary>
internal sealed record KlSample(EncodedPrompt Prompt, string Arm, double Kl, bool TopChanged);
