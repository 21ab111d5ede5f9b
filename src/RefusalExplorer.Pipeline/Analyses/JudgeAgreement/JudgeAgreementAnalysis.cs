using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Responses;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Running;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.JudgeAgreement;

/// <summary>How far judges agree on the same responses (paper, "Safety metric": string matching is limited, and classifiers mistake broken text).</summary>
public sealed class JudgeAgreementAnalysis : Analysis<NoSettings>, IRejudged
{
    /// <inheritdoc/>
    public override AnalysisInfo Info { get; } = new()
    {
        Id = "judge-agreement",
        Title = "Agreement between judges",
        Question = "Would another judge have told another story?",
        Paper = "\"Safety metric\"",
        HowToRead = "Each square is the share of responses on which two judges agree, complied or not; a judge far from the others, or from people's verdicts, should not carry a claim alone.",
        Needs = AnalysisNeeds.Features | AnalysisNeeds.Harmful | AnalysisNeeds.Harmless | AnalysisNeeds.Direction,
        DefaultPrompts = 12,
    };

    /// <inheritdoc/>
    protected override async Task<AnalysisOutput> RunAsync(AnalysisContext context, NoSettings settings) => Describe(await ResponseArms.RunAsync(
        context, [.. context.Harmful, .. context.Harmless], [.. ResponseArms.Usual(context).Where(a => a.Role != SeriesRole.Direction)]).ConfigureAwait(false));

    /// <inheritdoc/>
    public AnalysisOutput Describe(ImmutableArray<JudgedResponse> responses)
    {
        ImmutableArray<string> judges = Rates.Judges(responses);
        Pair[][] pairs = [.. judges.Select(a => judges.Select(b => Compare(responses, a, b)).ToArray())];
        return new AnalysisOutput
        {
            Responses = responses,
            Findings =
            [
                .. from a in Enumerable.Range(0, judges.Length)
                   from b in Enumerable.Range(a + 1, judges.Length - a - 1)
                   let pair = pairs[a][b]
                   where pair.Both > 0
                   select FormattableString.Invariant(
                       $"{judges[a]} and {judges[b]} agree on {pair.Agreement:P0} of {pair.Both} responses ({(double.IsNaN(pair.Kappa) ? "κ is undefined where all are of one kind" : FormattableString.Invariant($"κ = {pair.Kappa:0.##}"))})."),
            ],
            Charts = [new HeatMapChart
            {
                Id = "agreement",
                Title = "Share of responses on which two judges agree",
                Columns = judges,
                Rows = judges,
                Values = [.. pairs.Select(row => row.Select(p => p.Agreement).ToImmutableArray())],
                Max = 1,
            }],
            Tables =
            [
                AnalysisTable.Of("pairs", "Agreement of each pair",
                    [
                        new("judge", ColumnKind.Text), new("other judge", ColumnKind.Text), new("both judged", ColumnKind.Count), new("agree", ColumnKind.Share), new("kappa"),
                        new("both complied", ColumnKind.Count), new("only judge", ColumnKind.Count), new("only other", ColumnKind.Count), new("neither", ColumnKind.Count),
                    ],
                    from a in Enumerable.Range(0, judges.Length)
                    from b in Enumerable.Range(a + 1, judges.Length - a - 1)
                    let p = pairs[a][b]
                    select (IEnumerable<Cell>)[judges[a], judges[b], p.Both, p.Agreement, p.Kappa, p.YesYes, p.YesNo, p.NoYes, p.NoNo]),
                Rates.Verdicts(responses),
                Rates.Listing(responses),
            ],
        };
    }

    /// <summary>Agreement on "complied" or not, over the responses that both judged.</summary>
    internal static Pair Compare(IEnumerable<JudgedResponse> responses, string a, string b)
    {
        (bool A, bool B)[] both =
        [
            .. from r in responses
               let x = Rates.By(r, a)
               let y = Rates.By(r, b)
               where x is not null && y is not null
               select (x == VerdictKind.Complied, y == VerdictKind.Complied),
        ];
        int yesYes = both.Count(p => p is (true, true)), yesNo = both.Count(p => p is (true, false)), noYes = both.Count(p => p is (false, true));
        double kappa = both.Length == 0
            ? double.NaN
            : FleissKappa.Of([.. both.Select(p => (int[])[(p.A ? 1 : 0) + (p.B ? 1 : 0), (p.A ? 0 : 1) + (p.B ? 0 : 1)])]).Kappa;
        return new Pair(both.Length, yesYes, yesNo, noYes, kappa);
    }

    /// <summary>Two judges' counts.</summary>
    internal sealed record Pair(int Both, int YesYes, int YesNo, int NoYes, double Kappa)
    {
        public int NoNo => Both - YesYes - YesNo - NoYes;

        public double Agreement => Both == 0 ? double.NaN : (double)(YesYes + NoNo) / Both;
    }
}
