using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.BenignRefusals;

/// <summary>Refusals and repetition on harmless prompts: the cost of an edit that no attack success rate shows.</summary>
public sealed class BenignRefusalsAnalysis : Analysis<NoSettings>, IRejudged
{
    private static readonly RepetitionDetector Repetition = new();

    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "benign-refusals",
        Title = "Refusals and repetition on harmless prompts",
        Question = "What does the edit do to prompts that nobody should refuse?",
        Paper = "\"Model performance loss\" (not reported there by prompt); XSTest's question",
        HowToRead = "Refusals should not rise and distinct 4-grams should not fall from no ablation to the edit; where they do, the edit breaks the model and its attack success means little.",
        Needs = AnalysisNeeds.Features | AnalysisNeeds.Harmless | AnalysisNeeds.Direction,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, NoSettings settings) =>
        Describe(await ResponseArms.RunAsync(context, context.Harmless, ResponseArms.Usual(context)).ConfigureAwait(false));

    /// <inheritdoc/>
    public AnalysisOutput Describe(ImmutableArray<JudgedResponse> responses)
    {
        (string Arm, SeriesRole Role, ImmutableArray<JudgedResponse> Responses)[] arms = [.. Rates.ByArm(responses)];
        ConfidenceInterval[] refused = [.. arms.Select(a => Rates.Of(a.Responses, VerdictKind.Refused))];
        ConfidenceInterval[] degenerate = [.. arms.Select(a => Rates.Of(a.Responses, VerdictKind.Degenerate))];
        double[] distinct = [.. arms.Select(a => a.Responses.Average(r => Repetition.Measure(r.Text).DistinctNGramShare))];
        return new AnalysisOutput
        {
            Responses = responses,
            Findings = [.. arms.Select((a, i) => FormattableString.Invariant(
                $"{char.ToUpperInvariant(a.Arm[0])}{a.Arm[1..]}: {refused[i].Estimate:P0} of {a.Responses.Length} harmless prompts refused, {degenerate[i].Estimate:P0} degenerate, {distinct[i]:P0} of 4-grams distinct."))],
            Charts = [new BarChart
            {
                Id = "refusals",
                Title = "Harmless prompts",
                YTitle = "share of prompts",
                Categories = [.. arms.Select(a => a.Arm)],
                Shares = true,
                Series = [Bars("refused", refused), Bars("degenerate", degenerate), new BarSeries { Name = "distinct 4-grams", Values = [.. distinct] }],
            }],
            Tables =
            [
                AnalysisTable.Of("costs", "Refusals and repetition by arm",
                    [
                        new("arm", ColumnKind.Text), new("prompts", ColumnKind.Count), new("refused", ColumnKind.Share), new("refused, low", ColumnKind.Share), new("refused, high", ColumnKind.Share),
                        new("degenerate", ColumnKind.Share), new("distinct 4-grams", ColumnKind.Share), new("mean P(\"I\")"),
                    ],
                    arms.Select((a, i) => (IEnumerable<Cell>)
                        [a.Arm, a.Responses.Length, refused[i].Estimate, refused[i].Low, refused[i].High, degenerate[i].Estimate, distinct[i], a.Responses.Average(r => r.RefusalProbability)])),
                Rates.Verdicts(responses),
                Rates.Listing(responses),
            ],
        };
    }

    private static BarSeries Bars(string name, ConfidenceInterval[] rates) => new()
    {
        Name = name,
        Values = [.. rates.Select(r => r.Estimate)],
        Low = [.. rates.Select(r => r.Low)],
        High = [.. rates.Select(r => r.High)],
    };
}
