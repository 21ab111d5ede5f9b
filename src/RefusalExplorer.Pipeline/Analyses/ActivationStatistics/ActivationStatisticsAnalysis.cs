using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.ActivationStatistics;

/// <summary>How differently features fire on harmful and harmless prompts.</summary>
public sealed class ActivationStatisticsAnalysis : Analysis<NoSettings>
{
    private const int Shown = 25;

    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "activation-statistics",
        Title = "Activations on harmful and harmless prompts",
        Question = "Which features tell harmful prompts from harmless ones by their activation?",
        Paper = "\"Stage 3\" (features that never fire) and the activations of its data set",
        HowToRead = "AUC 1 means that a feature fires more strongly on every harmful prompt than on any harmless one, 0.5 that it tells nothing; causal features near 0.5 act without telling the prompts apart.",
        Needs = AnalysisNeeds.Features | AnalysisNeeds.Harmful | AnalysisNeeds.Harmless,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, NoSettings settings)
    {
        ImmutableArray<FeatureId> set = context.Set.Union();
        EncodedPrompt[] prompts = [.. context.Harmful, .. context.Harmless];
        double[][] maxima = await SetActivity.MaximaAsync(context, "Activations", prompts, set).ConfigureAwait(false);
        return Describe(set, maxima, [.. prompts.Select(p => p.Harmful)]);
    }

    /// <summary>Charts and tables.</summary>
    /// <param name="features">The features.</param>
    /// <param name="maxima">Largest activations, [prompt][feature].</param>
    /// <param name="harmful">Whether each prompt asks for harm.</param>
    internal static AnalysisOutput Describe(ImmutableArray<FeatureId> features, IReadOnlyList<double[]> maxima, IReadOnlyList<bool> harmful)
    {
        FeatureContrast[] contrasts = [.. features.Select((f, i) => FeatureContrast.Of(f, [.. maxima.Select(m => m[i])], harmful))];
        FeatureContrast[] ranked = [.. contrasts.OrderByDescending(c => Math.Abs(c.Auc - 0.5)).ThenBy(c => c.Feature)];
        int[] layers = [.. features.Select(f => f.Layer).Distinct().Order()];
        return new AnalysisOutput
        {
            Findings =
            [
                $"{contrasts.Count(c => c.HarmfulShare == 0 && c.HarmlessShare == 0)} of {features.Length} features fire on no prompt, {contrasts.Count(c => c.HarmfulShare > 0 && c.HarmlessShare == 0)} on harmful prompts alone.",
                .. ranked.Take(1).Select(c => FormattableString.Invariant(
                    $"{c.Feature} tells the prompts apart best: AUC {c.Auc:0.###}, it fires on {c.HarmfulShare:P0} of harmful and {c.HarmlessShare:P0} of harmless prompts.")),
            ],
            Charts =
            [
                new BarChart
                {
                    Id = "shares",
                    Title = "Share of prompts on which features fire, best contrast first",
                    YTitle = "share of prompts",
                    Shares = true,
                    Categories = [.. ranked.Take(Shown).Select(c => c.Feature.ToString())],
                    Series =
                    [
                        new BarSeries { Name = "harmful", Role = SeriesRole.Features, Values = [.. ranked.Take(Shown).Select(c => c.HarmfulShare)] },
                        new BarSeries { Name = "harmless", Role = SeriesRole.Baseline, Values = [.. ranked.Take(Shown).Select(c => c.HarmlessShare)] },
                    ],
                },
                new LineChart
                {
                    Id = "layers",
                    Title = "Active features of the set by layer",
                    XTitle = "layer",
                    YTitle = "features a prompt, mean",
                    YMin = 0,
                    Series = [ByLayer("harmful", true), ByLayer("harmless", false)],
                },
            ],
            Tables = [AnalysisTable.Of("features", "Each feature",
                [
                    new("feature", ColumnKind.Feature), new("fires, harmful", ColumnKind.Share), new("fires, harmless", ColumnKind.Share), new("mean activation, harmful"), new("mean activation, harmless"),
                    new("largest, harmful"), new("largest, harmless"), new("AUC"), new("Cohen's d"),
                ],
                ranked.Select(c => (IEnumerable<Cell>)[c.Feature.ToString(), c.HarmfulShare, c.HarmlessShare, c.HarmfulMean, c.HarmlessMean, c.HarmfulMax, c.HarmlessMax, c.Auc, c.CohensD]))],
        };

        LineSeries ByLayer(string name, bool isHarmful) => new()
        {
            Name = name,
            Role = isHarmful ? SeriesRole.Features : SeriesRole.Baseline,
            X = [.. layers.Select(l => (double)l)],
            Y = [.. layers.Select(l => Moments.Mean(maxima.Where((_, i) => harmful[i] == isHarmful).Select(m => (double)features.Where((f, n) => f.Layer == l && m[n] > 0).Count())))],
        };
    }
}

/// <summary>A feature on both kinds of prompts.</summary>
internal sealed record FeatureContrast(
    FeatureId Feature, double HarmfulShare, double HarmlessShare, double HarmfulMean, double HarmlessMean, double HarmfulMax, double HarmlessMax, double Auc, double CohensD)
{
    public static FeatureContrast Of(FeatureId feature, IReadOnlyList<double> maxima, IReadOnlyList<bool> harmful)
    {
        double[] yes = [.. maxima.Where((_, i) => harmful[i])], no = [.. maxima.Where((_, i) => !harmful[i])];
        double pooled = Math.Sqrt(((Variance(yes) * (yes.Length - 1)) + (Variance(no) * (no.Length - 1))) / Math.Max(1, yes.Length + no.Length - 2));
        double difference = Moments.Mean(yes) - Moments.Mean(no);
        return new FeatureContrast(
            feature, Share(yes), Share(no), Moments.Mean(yes), Moments.Mean(no), yes.DefaultIfEmpty(0).Max(), no.DefaultIfEmpty(0).Max(),
            BinaryMetrics.Of(maxima, harmful).Auc, pooled > 0 ? difference / pooled : difference == 0 ? 0 : double.NaN);
    }

    private static double Share(double[] values) => values.Length == 0 ? 0 : (double)values.Count(v => v > 0) / values.Length;

    private static double Variance(double[] values) => values.Length < 2 ? 0 : Math.Pow(Moments.Deviation(values), 2);
}
