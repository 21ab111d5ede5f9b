using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.CosineByLayer;

/// <summary>
/// Cosine between the last token's residual stream and the refusal direction, layer by layer (paper, "Experiments" and Figures 4 and 5), with the
/// features ablated beside it.
/// </summary>
public sealed class CosineByLayerAnalysis : Analysis<NoSettings>
{
    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "cosine",
        Title = "Cosine to the refusal direction by layer",
        Question = "How early does the residual stream turn towards refusal, and does ablating the features keep it from turning?",
        Paper = "Figures 4 and 5 (\"Preliminary Analysis\")",
        HowToRead = "Harmful lines that leave the harmless ones early and rise up to the marked layer are the paper's pattern; where the ablated harmful line falls onto the harmless one, the features carried the refusal.",
        Needs = AnalysisNeeds.Features | AnalysisNeeds.Harmful | AnalysisNeeds.Harmless | AnalysisNeeds.Direction,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, NoSettings settings)
    {
        EncodedPrompt[] prompts = [.. context.Harmful, .. context.Harmless];
        PromptRow[] rows = [.. prompts.SelectMany(p => (PromptRow[])[p.Row(), p.Row(context.Ablate(context.Set, p))])];
        float[][] cosines = await context.ForwardAsync(
            "Cosine by layer", rows, new CaptureSpec { CosineTo = context.Direction!.Values }, (_, _, r) => r.Cosine!).ConfigureAwait(false);
        CosineArm[] arms =
        [
            Arm("harmful", true, false), Arm("harmful, features ablated", true, true),
            Arm("harmless", false, false), Arm("harmless, features ablated", false, true),
        ];
        return Describe(arms, ReadAt(context.Direction!.Hook), context.Request.Seed);

        CosineArm Arm(string name, bool harmful, bool ablated) => new(name, harmful, ablated,
            [.. cosines.Where((_, i) => prompts[i / 2].Harmful == harmful && (i % 2 == 1) == ablated).Select(c => c.Select(x => (double)x).ToArray())]);
    }

    /// <summary>Tables and chart of the arms.</summary>
    /// <param name="arms">By prompt, L + 1 cosines each.</param>
    /// <param name="readAt">Index of the residual that the direction was read at, or null.</param>
    /// <param name="seed">Of the intervals.</param>
    internal static AnalysisOutput Describe(IReadOnlyList<CosineArm> arms, int? readAt, long seed)
    {
        int layers = arms[0].ByPrompt[0].Length;
        ConfidenceInterval[][] intervals = [.. arms.Select(a => Enumerable.Range(0, layers)
            .Select(l => Moments.MeanInterval([.. a.ByPrompt.Select(p => p[l])], seed)).ToArray())];
        LineChart chart = new()
        {
            Id = "cosine",
            Title = "Cosine to the refusal direction, last token",
            XTitle = "residual entering block",
            YTitle = "cosine",
            Marker = readAt,
            MarkerText = readAt is null ? null : "direction read here",
            Series = [.. arms.Select((a, i) => new LineSeries
            {
                Name = a.Name,
                Role = a.Ablated ? SeriesRole.Features : SeriesRole.Baseline,
                Dashed = !a.Harmful,
                X = [.. Enumerable.Range(0, layers).Select(l => (double)l)],
                Y = [.. intervals[i].Select(v => v.Estimate)],
                Low = [.. intervals[i].Select(v => v.Low)],
                High = [.. intervals[i].Select(v => v.High)],
            })],
        };
        AnalysisTable table = AnalysisTable.Of("by-layer", "Mean cosine by layer",
            [new("residual entering block", ColumnKind.Count), .. arms.SelectMany(a => (TableColumn[])[new(a.Name), new($"{a.Name}, low"), new($"{a.Name}, high")])],
            Enumerable.Range(0, layers).Select(l => (IEnumerable<Cell>)[l, .. intervals.SelectMany(a => (Cell[])[a[l].Estimate, a[l].Low, a[l].High])]));
        return new AnalysisOutput { Charts = [chart], Tables = [table], Findings = [.. Findings(arms, readAt)] };
    }

    private static IEnumerable<string> Findings(IReadOnlyList<CosineArm> arms, int? readAt)
    {
        int layers = arms[0].ByPrompt[0].Length, end = readAt ?? layers - 1;
        double At(int arm, int layer) => arms[arm].ByPrompt.Average(p => p[layer]);
        yield return FormattableString.Invariant(
            $"At residual {end} the mean cosine is {At(0, end):0.###} on harmful and {At(2, end):0.###} on harmless prompts; with the features ablated it is {At(1, end):0.###} and {At(3, end):0.###}.");
        if (end >= 2)
        {
            double[] rise = [.. Enumerable.Range(1, end).Select(l => At(0, l))];
            double rho = Correlation.Spearman([.. Enumerable.Range(1, end).Select(l => (double)l)], rise);
            yield return FormattableString.Invariant(
                $"Up to there the harmful line's rank correlation with depth is {rho:0.##} (1: it grows monotonically, as the paper observes).");
        }
    }

    /// <summary><c>blocks.20.hook_resid_post</c> is the residual entering block 21.</summary>
    internal static int? ReadAt(string hook)
    {
        string[] parts = hook.Split('.');
        return parts is ["blocks", var number, var site] && int.TryParse(number, out int block)
            ? site == "hook_resid_post" ? block + 1 : block
            : null;
    }
}

/// <summary>One line of the chart.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Harmful">Whether its prompts ask for harm.</param>
/// <param name="Ablated">Whether the features are ablated.</param>
/// <param name="ByPrompt">L + 1 cosines of each prompt.</param>
internal sealed record CosineArm(string Name, bool Harmful, bool Ablated, ImmutableArray<double[]> ByPrompt);
