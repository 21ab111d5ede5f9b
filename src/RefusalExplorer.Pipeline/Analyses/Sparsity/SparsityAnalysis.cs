using System.Collections.Immutable;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.Sparsity;

/// <summary>L0 of each SAE, measured: how many features are active on a token (paper, appendix "SAE settings", Table 3).</summary>
public sealed class SparsityAnalysis : Analysis<NoSettings>
{
    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "sparsity",
        Title = "L0 of the SAEs",
        Question = "Are these the dictionaries that the study should run on?",
        Paper = "Table 3 (\"SAE settings\")",
        HowToRead = "Each point is the mean number of active features a token; a layer far off its dictionary's published L0 (GemmaScope has it in the file's name) was read with another gate or scale than it was trained with.",
        Needs = AnalysisNeeds.Harmful | AnalysisNeeds.Harmless,
        DefaultPrompts = 10,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, NoSettings settings)
    {
        EncodedPrompt[] prompts = [.. context.Harmful, .. context.Harmless];
        double[][][] active = await context.ForwardAsync("Active features", [.. prompts.Select(p => p.Row())], new CaptureSpec { ActiveLayers = context.SaeLayers },
            // The first token is an attention sink that no SAE was trained on.
            (_, _, r) => context.SaeLayers.Select(l => Enumerable.Range(1, Math.Max(0, r.Active[l].Tokens - 1))
                .Select(t => (double)(r.Active[l].Starts[t + 1] - r.Active[l].Starts[t])).ToArray()).ToArray()).ConfigureAwait(false);
        int[] widths = await context.OnModelAsync((model, _) => context.SaeLayers.Select(l => model.Sae(l).Config.Features).ToArray()).ConfigureAwait(false);
        return Describe(context.SaeLayers, widths, [.. context.SaeLayers.Select((_, l) => active.SelectMany(p => p[l]).ToArray())]) with { Layers = context.SaeLayers };
    }

    /// <summary>Table 3 and its line.</summary>
    /// <param name="layers">Layers.</param>
    /// <param name="widths">Features of each dictionary.</param>
    /// <param name="active">Active features of each token, by layer.</param>
    internal static AnalysisOutput Describe(ImmutableArray<int> layers, IReadOnlyList<int> widths, IReadOnlyList<double[]> active) => new()
    {
        Findings = [FormattableString.Invariant($"Between {active.Min(a => Moments.Mean(a)):0} and {active.Max(a => Moments.Mean(a)):0} features are active on a token, over {active[0].Length} tokens.")],
        Charts = [new LineChart
        {
            Id = "l0",
            Title = "Active features a token (L0) by layer",
            XTitle = "layer",
            YTitle = "L0",
            YMin = 0,
            Series = [new LineSeries { Name = "mean L0", Role = SeriesRole.Baseline, X = [.. layers.Select(l => (double)l)], Y = [.. active.Select(a => Moments.Mean(a))] }],
        }],
        Tables = [AnalysisTable.Of("l0", "L0 by layer",
            [new("layer", ColumnKind.Count), new("features", ColumnKind.Count), new("mean L0"), new("sd"), new("least", ColumnKind.Count), new("largest", ColumnKind.Count), new("tokens", ColumnKind.Count)],
            layers.Select((l, i) => (IEnumerable<Cell>)[l, widths[i], Moments.Mean(active[i]), Moments.Deviation(active[i]), active[i].DefaultIfEmpty(0).Min(), active[i].DefaultIfEmpty(0).Max(), active[i].Length]))],
    };
}
