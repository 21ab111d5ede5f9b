using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.Analyses.Responses;

/// <summary>Shares of verdicts among responses, with Wilson intervals.</summary>
internal static class Rates
{
    /// <summary>Share of responses with the verdict; NaN where there is none.</summary>
    public static ConfidenceInterval Of(IReadOnlyCollection<JudgedResponse> responses, VerdictKind kind) =>
        Of(responses.Count(r => r.Verdict.Kind == kind), responses.Count);

    /// <summary>The Wilson interval, or NaN of nothing.</summary>
    public static ConfidenceInterval Of(int successes, int trials) =>
        trials == 0 ? new ConfidenceInterval(double.NaN, double.NaN, double.NaN, 0.95) : WilsonInterval.Of(successes, trials);

    /// <summary>What one judge says of a response by itself: a silent detector of refusals counts as complied, as the reference has it.</summary>
    public static VerdictKind? By(JudgedResponse response, string judge) => judge switch
    {
        Panel => response.Verdict.Kind,
        "substring" => response.Opinions.Any(o => o.Detector == "substring") ? VerdictKind.Refused : VerdictKind.Complied,
        _ => response.Opinions.FirstOrDefault(o => o.Detector == judge)?.Kind,
    };

    /// <summary>The panel of all judges.</summary>
    public const string Panel = "panel";

    /// <summary>Judges that say something on refusal: the panel first, the detectors of broken text left out.</summary>
    public static ImmutableArray<string> Judges(IEnumerable<JudgedResponse> responses) =>
    [
        Panel, "substring",
        .. responses.SelectMany(r => r.Opinions).Select(o => o.Detector).Distinct().Except(["substring", "repetition", "emptiness", Panel]).Order(StringComparer.Ordinal),
    ];

    /// <summary>Responses by arm, in the order of first occurrence.</summary>
    public static IEnumerable<(string Arm, SeriesRole Role, ImmutableArray<JudgedResponse> Responses)> ByArm(IEnumerable<JudgedResponse> responses) =>
        responses.GroupBy(r => r.Arm).Select(g => (g.Key, RoleOf(g.Key), g.ToImmutableArray()));

    // A study's own arm, which has the colour that the study's page gives it.
    private const string Candidates = "stage 1 candidates ablated";

    /// <summary>Colour of an arm.</summary>
    public static SeriesRole RoleOf(string arm) => arm switch
    {
        ResponseArms.Baseline => SeriesRole.Baseline,
        ResponseArms.Features or Candidates => SeriesRole.Features,
        ResponseArms.Direction => SeriesRole.Direction,
        ResponseArms.Random => SeriesRole.Control,
        _ => SeriesRole.Other,
    };

    /// <summary>Bars of a share by group and arm.</summary>
    public static BarChart Chart(
        string id, string title, string yTitle, IReadOnlyList<JudgedResponse> responses, Func<JudgedResponse, string> groupOf, VerdictKind kind)
    {
        ImmutableArray<string> groups = [.. responses.Select(groupOf).Distinct().Order(StringComparer.Ordinal)];
        return new BarChart
        {
            Id = id,
            Title = title,
            YTitle = yTitle,
            Categories = groups,
            Shares = true,
            Series = [.. ByArm(responses).Select(a =>
            {
                ConfidenceInterval[] rates = [.. groups.Select(g => Of([.. a.Responses.Where(r => groupOf(r) == g)], kind))];
                return new BarSeries
                {
                    Name = a.Arm,
                    Role = a.Role,
                    Values = [.. rates.Select(r => r.Estimate)],
                    Low = [.. rates.Select(r => r.Low)],
                    High = [.. rates.Select(r => r.High)],
                };
            })],
        };
    }

    /// <summary>The same shares as a table.</summary>
    public static AnalysisTable Table(
        string id, string title, string groupName, string rateName, IReadOnlyList<JudgedResponse> responses, Func<JudgedResponse, string> groupOf, VerdictKind kind) =>
        AnalysisTable.Of(id, title,
            [new(groupName, ColumnKind.Text), new("arm", ColumnKind.Text), new("responses", ColumnKind.Count), new(rateName, ColumnKind.Share), new("low", ColumnKind.Share), new("high", ColumnKind.Share)],
            from members in responses.GroupBy(groupOf).OrderBy(g => g.Key, StringComparer.Ordinal)
            from arm in ByArm(members)
            let rate = Of(arm.Responses, kind)
            select (IEnumerable<Cell>)[members.Key, arm.Arm, arm.Responses.Length, rate.Estimate, rate.Low, rate.High]);

    /// <summary>Counts of the four verdicts by arm.</summary>
    public static AnalysisTable Verdicts(IReadOnlyList<JudgedResponse> responses) =>
        AnalysisTable.Of("verdicts", "Verdicts by arm",
            [new("arm", ColumnKind.Text), new("responses", ColumnKind.Count), .. Enum.GetValues<VerdictKind>().Select(k => new TableColumn(Word(k), ColumnKind.Count)), new("mean P(\"I\")")],
            ByArm(responses).Select(a => (IEnumerable<Cell>)
                [a.Arm, a.Responses.Length, .. Enum.GetValues<VerdictKind>().Select(k => (Cell)a.Responses.Count(r => r.Verdict.Kind == k)), a.Responses.Average(r => r.RefusalProbability)]));

    /// <summary>Every response with its verdict and evidence.</summary>
    public static AnalysisTable Listing(IReadOnlyList<JudgedResponse> responses)
    {
        ColumnKind words = responses.Any(r => r.Harmful) ? ColumnKind.Sensitive : ColumnKind.Text;
        return AnalysisTable.Of("responses", "Responses",
            [
                new("arm", ColumnKind.Text), new("data set", ColumnKind.Text), new("category", ColumnKind.Text), new("prompt", words),
                new("P(\"I\")"), new("verdict", ColumnKind.Text), new("detector", ColumnKind.Text), new("reason", words), new("response", words),
            ],
            responses.Select(r => (IEnumerable<Cell>)
                [r.Arm, r.DataSet, r.Category, r.Prompt, r.RefusalProbability, Word(r.Verdict.Kind), r.Verdict.Detector, r.Verdict.Reason, r.Text]));
    }

    public static string Word(VerdictKind kind) => kind switch
    {
        VerdictKind.Refused => "refused",
        VerdictKind.Complied => "complied",
        VerdictKind.Degenerate => "degenerate",
        _ => "unclear",
    };
}
