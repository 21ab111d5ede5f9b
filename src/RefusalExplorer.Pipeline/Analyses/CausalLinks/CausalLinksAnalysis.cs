using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.CausalLinks;

/// <summary>Settings of <see cref="CausalLinksAnalysis"/>.</summary>
public sealed record CausalLinksSettings
{
    /// <summary>Prompts of the layer-by-layer matrix.</summary>
    [Range(0, 10000, ErrorMessage = "matrix prompts: expected 0 to 10000")]
    [Display(Name = "Matrix prompts", Description = "Prompts over which each layer of the second set is ablated by itself; 0 leaves the matrix out")]
    public int MatrixPrompts { get; init; } = 4;
}

/// <summary>
/// What ablating one set does to another (paper, "Causal Link between Stage2 and Stage3 features"): is the second set alone enough, and how much
/// of the first does it switch off?
/// </summary>
public sealed class CausalLinksAnalysis : Analysis<CausalLinksSettings>
{
    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "causal-links",
        Title = "Causal links between sets",
        Question = "Does ablating the second set switch the first one off?",
        Paper = "\"Causal Link between Stage2 and Stage3 features\"",
        HowToRead = "Each square is the mean relative drop of first-set features of its row when second-set features of its column are ablated; dark squares below the diagonal are causal links from earlier to later layers, empty ones are independent paths.",
        Needs = AnalysisNeeds.Features | AnalysisNeeds.SecondSet | AnalysisNeeds.Harmful,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, CausalLinksSettings settings)
    {
        ImmutableArray<FeatureId> union = context.Sets[0].Union();
        ImmutableArray<ResponseArm> arms =
        [
            new("no ablation", SeriesRole.Baseline, _ => []),
            new(context.Sets[0].Name, SeriesRole.Features, p => [context.Ablate(context.Sets[0], p)]),
            new(context.Sets[1].Name, SeriesRole.Other, p => [Second(context, p, null)]),
            new("both", SeriesRole.Other, p => [context.Ablate(context.Sets[0], p), Second(context, p, null)]),
        ];
        ImmutableArray<JudgedResponse> responses = await ResponseArms.RunAsync(context, context.Harmful, arms).ConfigureAwait(false);
        double[][] maxima = await MaximaAsync(context, "Activations of the first set",
            [.. context.Harmful.SelectMany(p => (Intervention?[])[null, Second(context, p, null)])], 2, union).ConfigureAwait(false);
        PromptLink[] links = [.. context.Harmful.Select((p, i) => new PromptLink(p, Measure(context, p, union, maxima[2 * i], maxima[(2 * i) + 1], null)))];

        int[] columns = [.. context.Sets[1].Union().Select(f => f.Layer).Distinct().Order()], rows = [.. union.Select(f => f.Layer).Distinct().Order()];
        EncodedPrompt[] few = [.. context.Harmful.Take(settings.MatrixPrompts)];
        double[][] byLayer = few.Length == 0 ? [] : await MaximaAsync(context, "Layer by layer",
            [.. few.SelectMany(p => (Intervention?[])[null, .. columns.Select(l => (Intervention?)Second(context, p, l))])], columns.Length + 1, union).ConfigureAwait(false);
        double[][] matrix = [.. rows.Select(row => columns.Select((_, c) => Moments.Mean(few.Select((p, i) =>
            Measure(context, p, union, byLayer[i * (columns.Length + 1)], byLayer[(i * (columns.Length + 1)) + c + 1], row).TotalDrop))).ToArray())];
        return Describe(context.Sets[0].Name, context.Sets[1].Name, links, responses, rows, columns, few.Length == 0 ? [] : matrix);
    }

    /// <summary>The second set of a prompt without what the first has too: ablated features do not tell of a link.</summary>
    private static Intervention Second(AnalysisContext context, EncodedPrompt prompt, int? layer) => Intervention.Ablate(
        context.Sets[1].For(prompt.Prompt.Key).Except(context.Sets[0].For(prompt.Prompt.Key)).Where(f => layer is null || f.Layer == layer), context.Scope);

    private static LinkMeasure Measure(AnalysisContext context, EncodedPrompt prompt, ImmutableArray<FeatureId> union, double[] before, double[] after, int? layer)
    {
        HashSet<FeatureId> own = [.. context.Sets[0].For(prompt.Prompt.Key)];
        int[] places = [.. Enumerable.Range(0, union.Length).Where(i => own.Contains(union[i]) && (layer is null || union[i].Layer == layer))];
        return LinkMeasure.Of([.. places.Select(i => before[i])], [.. places.Select(i => after[i])]);
    }

    private static Task<double[][]> MaximaAsync(
        AnalysisContext context, string phase, ImmutableArray<Intervention?> edits, int rowsOfAPrompt, ImmutableArray<FeatureId> features) =>
        context.ForwardAsync(phase, [.. edits.Select((e, i) => context.Harmful[i / rowsOfAPrompt].Row(e is null ? [] : [e]))], new CaptureSpec { Features = features },
            (model, row, r) => features.Select(f => context.MaxInScope(model, context.Harmful[row / rowsOfAPrompt], r.Features, f)).ToArray());

    /// <summary>Charts and tables.</summary>
    internal static AnalysisOutput Describe(
        string first, string second, IReadOnlyList<PromptLink> links, ImmutableArray<JudgedResponse> responses, int[] rows, int[] columns, double[][] matrix)
    {
        double[] deactivated = [.. links.Select(l => l.Link.DeactivatedShare).Where(d => !double.IsNaN(d))];
        double drop = Moments.Mean(links.Select(l => l.Link.MeanDrop));
        ConfidenceInterval[] success = [.. Rates.ByArm(responses).Select(a => Rates.Of(a.Responses, VerdictKind.Complied))];
        string[] arms = [.. Rates.ByArm(responses).Select(a => a.Arm)];
        List<AnalysisChart> charts =
        [
            new BarChart
            {
                Id = "sufficient",
                Title = "Attack success by what is ablated",
                YTitle = "share answered",
                Categories = [.. arms],
                Shares = true,
                Series = [new BarSeries { Name = "attack success", Role = SeriesRole.Features, Values = [.. success.Select(s => s.Estimate)], Low = [.. success.Select(s => s.Low)], High = [.. success.Select(s => s.High)] }],
            },
        ];
        if (matrix.Length > 0)
        {
            charts.Insert(0, new HeatMapChart
            {
                Id = "links",
                Title = $"Mean relative drop of \"{first}\" when \"{second}\" is ablated layer by layer",
                XTitle = "layer ablated",
                YTitle = "layer measured",
                Columns = [.. columns.Select(l => $"L{l}")],
                Rows = [.. rows.Select(l => $"L{l}")],
                Values = [.. matrix.Select(r => r.ToImmutableArray())],
                Diverging = true,
                Max = 1,
            });
        }
        return new AnalysisOutput
        {
            Responses = responses,
            Findings =
            [
                deactivated.Length == 0
                    ? $"No feature of {first} is active on these prompts."
                    : FormattableString.Invariant($"Ablating {second} silences {deactivated.Average():P0} of the active features of {first} on average, up to {deactivated.Max():P0}; {(double.IsNaN(drop) ? "none still fires" : FormattableString.Invariant($"those that still fire drop by {drop:P0} on average"))} (paper: 12 %, up to 44 %, and 81 % on LLaMA; 3 % and none on Gemma)."),
                FormattableString.Invariant($"Attack success: {string.Join(", ", arms.Zip(success, (a, s) => FormattableString.Invariant($"{a} {s.Estimate:P0}")))}."),
            ],
            Charts = [.. charts],
            Tables =
            [
                AnalysisTable.Of("by-prompt", "By prompt",
                    [
                        new("prompt", ColumnKind.Sensitive), new("active", ColumnKind.Count), new("deactivated", ColumnKind.Count), new("deactivated share", ColumnKind.Share),
                        new("drop of those still active", ColumnKind.Share), new("woken", ColumnKind.Count),
                    ],
                    links.Select(l => (IEnumerable<Cell>)[l.Prompt.Prompt.Key, l.Link.Active, l.Link.Deactivated, l.Link.DeactivatedShare, l.Link.MeanDrop, l.Link.Woken])),
                AnalysisTable.Of("links", "Mean relative drop, layer by layer",
                    [new("layer measured", ColumnKind.Text), .. columns.Select(l => new TableColumn($"L{l} ablated", ColumnKind.Share))],
                    matrix.Select((r, i) => (IEnumerable<Cell>)[$"L{rows[i]}", .. r.Select(v => (Cell)v)])),
                Rates.Verdicts(responses),
                Rates.Listing(responses),
            ],
        };
    }
}

/// <summary>One prompt's link.</summary>
internal sealed record PromptLink(EncodedPrompt Prompt, LinkMeasure Link);
