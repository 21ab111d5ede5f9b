using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>A study's results as sentences, charts and tables, in the form of the analyses.</summary>
public static class HumanStudyReport
{
    /// <summary>Describes them.</summary>
    public static AnalysisOutput Describe(HumanStudyResults results) => new()
    {
        Findings = Findings(results),
        Charts = [Confusion(results), Scores(results), Kappas(results), Labels(results), Bias(results)],
        Tables = [ScoreTable(results), AgreementTable(results), MatchTable(results), AnnotatorTable(results), ItemTable(results)],
    };

    private static ImmutableArray<string> Findings(HumanStudyResults r)
    {
        GroupScore all = r.Scores[0];
        int failures = r.Annotators.Sum(a => a.CatchFailures), catches = r.Annotators.Sum(a => a.Catches);
        return
        [
            $"Activation labels agree with the human majority by {Percent(all.Score.Estimate)} ({Percent(all.Score.Low)} to {Percent(all.Score.High)}) on {all.Items} features; {Percent(all.Exact)} have exactly the same labels. The paper reports 13.4 %.",
            $"Krippendorff's α of the label sets (MASI) is {Interval(r.Agreement.Masi)} on {r.Agreement.Pairable} features.",
            .. r.Items.Count(i => i.Majority is null) is > 0 and int open ? [$"On {open} of {r.Items.Length} features no label has a majority; they score 0."] : (string[])[],
            .. catches > 0 ? [$"{failures} of {catches} catch trials were failed."] : (string[])[],
        ];
    }

    private static HeatMapChart Confusion(HumanStudyResults r)
    {
        ImmutableArray<string> rows = [.. r.Study.Labels, HumanStudy.None];
        return new HeatMapChart
        {
            Id = "confusion",
            Title = "Labels by activation against the human majority",
            XTitle = "human majority",
            YTitle = "activation",
            Columns = r.Confusion.Labels,
            Rows = rows,
            Values = [.. rows.Select(row => r.Confusion.Labels.Select(column => (double)r.Confusion[row, column]).ToImmutableArray())],
        };
    }

    private static BarChart Scores(HumanStudyResults r) => Bars(
        "scores", "Agreement of activation with people, by group", "agreement", r.Scores.Select(s => (s.Group, s.Score)), shares: true, "agreement");

    private static BarChart Kappas(HumanStudyResults r) => Bars(
        "kappa", "Agreement among annotators, by label", "Fleiss' κ", r.Agreement.ByLabel.Select(l => (l.Label, l.Kappa)), shares: false, "κ");

    private static BarChart Bars(
        string id, string title, string yTitle, IEnumerable<(string Name, ConfidenceInterval Value)> bars, bool shares, string series)
    {
        (string Name, ConfidenceInterval Value)[] all = [.. bars];
        return new BarChart
        {
            Id = id,
            Title = title,
            YTitle = yTitle,
            Shares = shares,
            Categories = [.. all.Select(b => b.Name)],
            Series =
            [
                new BarSeries
                {
                    Name = series,
                    Role = SeriesRole.Features,
                    Values = [.. all.Select(b => b.Value.Estimate)],
                    Low = [.. all.Select(b => b.Value.Low)],
                    High = [.. all.Select(b => b.Value.High)],
                },
            ],
        };
    }

    private static BarChart Labels(HumanStudyResults r) => new()
    {
        Id = "labels",
        Title = "Features with each label",
        YTitle = "features",
        Categories = [.. r.Matches.Select(m => m.Label)],
        Series =
        [
            new BarSeries { Name = "by activation", Role = SeriesRole.Features, Values = [.. r.Matches.Select(m => (double)m.Activation)] },
            new BarSeries { Name = "human majority", Role = SeriesRole.Baseline, Values = [.. r.Matches.Select(m => (double)m.People)] },
            new BarSeries { Name = "both", Role = SeriesRole.Control, Values = [.. r.Matches.Select(m => (double)m.Both)] },
        ],
    };

    private static HeatMapChart Bias(HumanStudyResults r) => new()
    {
        Id = "bias",
        Title = "How much oftener than the others each annotator chooses a label",
        XTitle = "label",
        Columns = [.. r.Study.Labels, HumanStudy.None],
        Rows = [.. r.Annotators.Select(a => a.Annotator.Name)],
        Values = [.. r.Annotators.Select(a => a.Bias.Select(b => b.Estimate).ToImmutableArray())],
        Diverging = true,
        Max = 1,
    };

    private static AnalysisTable ScoreTable(HumanStudyResults r) => AnalysisTable.Of("scores", "Activation against people, by group",
        [
            new("group", ColumnKind.Text), new("features", ColumnKind.Count), new("agreement", ColumnKind.Share), new("low", ColumnKind.Share),
            new("high", ColumnKind.Share), new("exactly equal", ColumnKind.Share),
        ],
        r.Scores.Select(s => (IEnumerable<Cell>)[s.Group, s.Items, s.Score.Estimate, s.Score.Low, s.Score.High, s.Exact]));

    private static AnalysisTable AgreementTable(HumanStudyResults r) => AnalysisTable.Of("agreement", "Agreement among annotators, by label",
        [
            new("label", ColumnKind.Text), new("chosen", ColumnKind.Count), new("Fleiss' κ"), new("κ low"), new("κ high"),
            new("Krippendorff's α"), new("α low"), new("α high"),
        ],
        [
            .. r.Agreement.ByLabel.Select(l => (IEnumerable<Cell>)
                [l.Label, l.Chosen, l.Kappa.Estimate, l.Kappa.Low, l.Kappa.High, l.Alpha.Estimate, l.Alpha.Low, l.Alpha.High]),
            ["label sets, MASI", Cell.Empty, Cell.Empty, Cell.Empty, Cell.Empty, r.Agreement.Masi.Estimate, r.Agreement.Masi.Low, r.Agreement.Masi.High],
            ["label sets, nominal", Cell.Empty, Cell.Empty, Cell.Empty, Cell.Empty, r.Agreement.Nominal.Estimate, r.Agreement.Nominal.Low, r.Agreement.Nominal.High],
        ]);

    private static AnalysisTable MatchTable(HumanStudyResults r) => AnalysisTable.Of("matches", "Activation against people, by label",
        [
            new("label", ColumnKind.Text), new("by activation", ColumnKind.Count), new("human majority", ColumnKind.Count), new("both", ColumnKind.Count),
            new("precision", ColumnKind.Share), new("recall", ColumnKind.Share), new("F1", ColumnKind.Share),
        ],
        r.Matches.Select(m => (IEnumerable<Cell>)[m.Label, m.Activation, m.People, m.Both, m.Precision, m.Recall, m.F1]));

    private static AnalysisTable AnnotatorTable(HumanStudyResults r) => AnalysisTable.Of("annotators", "Annotators",
        [
            new("annotator", ColumnKind.Text), new("counted", ColumnKind.Text), new("features", ColumnKind.Count), new("labels a feature"),
            new("similarity to others"), new("low"), new("high"), new("catch trials failed", ColumnKind.Count), new("of", ColumnKind.Count),
            new("repeats answered alike", ColumnKind.Count), new("of repeats", ColumnKind.Count), new("median seconds"),
        ],
        r.Annotators.Select(a => (IEnumerable<Cell>)
        [
            a.Annotator.Name, a.Counted ? "yes" : "no", a.Features, a.LabelsPerFeature, a.Similarity.Estimate, a.Similarity.Low, a.Similarity.High,
            a.CatchFailures, a.Catches, a.RepeatsEqual, a.Repeats, a.MedianSeconds,
        ]));

    private static AnalysisTable ItemTable(HumanStudyResults r) => AnalysisTable.Of("features", "Features",
        [
            new("feature", ColumnKind.Feature), new("group", ColumnKind.Text), new("by activation", ColumnKind.Text), new("human majority", ColumnKind.Text),
            new("score", ColumnKind.Share), new("answers", ColumnKind.Count),
        ],
        r.Items.Select(i => (IEnumerable<Cell>)
            [$"{i.Item.Feature}", i.Item.Group, Text(i.Activation), i.Majority is { } m ? Text(m) : LabelConfusion.NoMajority, i.Score, i.Answers.Count]));

    private static string Text(LabelSet set) => set.Labels.IsEmpty ? HumanStudy.None : string.Join("; ", set.Labels);

    private static string Percent(double share) => double.IsNaN(share) ? "–" : (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    private static string Interval(ConfidenceInterval i) => double.IsNaN(i.Estimate) ? "undefined (everybody always chose the same)"
        : string.Create(CultureInfo.InvariantCulture, $"{i.Estimate:0.00} ({i.Low:0.00} to {i.High:0.00})");
}
