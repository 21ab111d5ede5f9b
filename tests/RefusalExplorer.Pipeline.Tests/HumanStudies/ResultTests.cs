using System.Text.Json;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.HumanStudies;
using RefusalExplorer.Pipeline.Statistics;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.HumanStudies;

public class ResultTests
{
    private static readonly string[] Labels = ["a", "b", "c"];

    [Theory]
    [InlineData("a", "a", "b", "a")]
    [InlineData("a+b", "a", "b", "a+b")]
    [InlineData("a+b+c", "a+b", "c", "a+b+c")]
    [InlineData("", "", "a", "")]
    [InlineData("a", "b", "c", null)]
    [InlineData("a", "", "b", null)]
    public void MajorityOfThree_IsWhatTwoChose(string first, string second, string third, string? majority)
    {
        LabelSet? found = RatedItem.MajorityOf([Set(first), Set(second), Set(third)]);

        Assert.Equal(majority is null ? null : Set(majority), found);
    }

    [Fact]
    public void MajorityOfTwo_NeedsBoth_AndOneAnswerHasNone()
    {
        Assert.Equal(Set("a"), RatedItem.MajorityOf([Set("a+b"), Set("a")]));
        Assert.Null(RatedItem.MajorityOf([Set("a"), Set("b")]));
        Assert.Null(RatedItem.MajorityOf([Set("a")]));
    }

    [Fact]
    public void Score_IsThePapers_AnEqualPartOffForEachMissingLabel()
    {
        HumanStudyResults results = HumanStudyResults.Of(AnsweredStudy.Closed(
            Labels, ["a", "a+b", "a+b+c", "", "", "a", "b"],
            [["a", "a", "b", "", "a", "", "a"], ["a", "a+c", "b", "", "a", "", "b"], ["b", "c", "b+c", "c", "", "c", "c"]]));

        Assert.Equal([1, 0.5, 1 / 3.0, 1, 0, 0, 0], results.Items.Select(i => i.Score), (x, y) => Math.Abs(x - y) < 1e-12);
        Assert.Equal((1 + 0.5 + (1 / 3.0) + 1) / 7, results.Scores[0].Score.Estimate, 1e-12);
        Assert.Equal(2 / 7.0, results.Scores[0].Exact, 1e-12);
        Assert.InRange(results.Scores[0].Score.Low, 0, results.Scores[0].Score.Estimate);
        Assert.InRange(results.Scores[0].Score.High, results.Scores[0].Score.Estimate, 1);
        Assert.Equal([("all", 7), ("none", 2), ("some", 5)], results.Scores.Select(s => (s.Group, s.Items)));
    }

    [Fact]
    public void Confusion_CountsEachActivationLabelOnce_BesideWhatPeopleGaveInstead()
    {
        HumanStudyResults results = HumanStudyResults.Of(AnsweredStudy.Closed(
            Labels, ["a", "a+b", "a+b", "", "a", "c"],
            [["a", "a", "c", "", "", "a"], ["a", "a", "c", "", "", "b"]]));

        ConfusionMatrix<string> m = results.Confusion;
        Assert.Equal(2, m["a", "a"]);
        Assert.Equal(1, m["b", LabelConfusion.Missed]);
        Assert.Equal((1, 1), (m["a", "c"], m["b", "c"]));
        Assert.Equal(1, m[HumanStudy.None, HumanStudy.None]);
        Assert.Equal(1, m["a", HumanStudy.None]);
        Assert.Equal(1, m["c", LabelConfusion.NoMajority]);
        Assert.Equal(8, m.Total);
        LabelMatch a = results.Matches.Single(x => x.Label == "a"), none = results.Matches.Single(x => x.Label == HumanStudy.None);
        Assert.Equal((4, 2, 2), (a.Activation, a.People, a.Both));
        Assert.Equal((0.5, 1, 4 / 6.0), (a.Precision, a.Recall, a.F1));
        Assert.Equal((1, 2, 1), (none.Activation, none.People, none.Both));
    }

    /// <summary>Fleiss 1971, table 1: thirty patients, six psychiatrists, five categories. κ of each category is published.</summary>
    [Fact]
    public void Kappa_OfFleiss1971_IsAsPublishedForEachLabel()
    {
        string[] labels = ["depression", "personality", "schizophrenia", "neurosis", "other"];
        string rows = "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031 " +
            "00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006";
        string[][] patients = [.. rows.Split(' ').Select(row => row.SelectMany((n, j) => Enumerable.Repeat(labels[j], n - '0')).ToArray())];

        HumanStudyResults results = HumanStudyResults.Of(AnsweredStudy.Closed(
            labels, [.. patients.Select(_ => "other")], [.. Enumerable.Range(0, 6).Select(doctor => patients.Select(p => (string?)p[doctor]).ToArray())]));

        double[] published = [0.245, 0.245, 0.520, 0.471, 0.566];
        Assert.All(published.Zip(results.Agreement.ByLabel), pair => Assert.Equal(pair.First, pair.Second.Kappa.Estimate, 0.0005));
        Assert.All(results.Agreement.ByLabel.Take(5), l => Assert.True(l.Kappa.Low < l.Kappa.Estimate && l.Kappa.Estimate < l.Kappa.High));
        Assert.Equal(double.NaN, results.Agreement.ByLabel[5].Kappa.Estimate);
        Assert.Equal(30, results.Agreement.Complete);
    }

    /// <summary>Krippendorff 2011, section C: four observers, twelve units, some ratings missing. α (nominal) is published.</summary>
    [Fact]
    public void Alpha_OfKrippendorff2011_IsAsPublished()
    {
        string[] observers = ["123321412   ", "1233224125 3", " 33323422510", "123324412510"];
        string?[][] answers = [.. observers.Select(o => o.Select(c => c is ' ' or '0' ? null : (string?)c.ToString()).ToArray())];

        HumanStudyResults results = HumanStudyResults.Of(AnsweredStudy.Closed(["1", "2", "3", "4", "5"], [.. Enumerable.Repeat("1", 12)], answers));

        Assert.Equal(0.743, results.Agreement.Nominal.Estimate, 0.0005);
        // Sets of one label are equal or disjoint, so that MASI tells no more.
        Assert.Equal(results.Agreement.Nominal, results.Agreement.Masi);
        Assert.Equal(11, results.Agreement.Pairable);
    }

    [Fact]
    public void Annotators_AreComparedWithTheOthers()
    {
        StudyItem[] items =
        [
            AnsweredStudy.Item(0, ItemKind.Feature, "a"), AnsweredStudy.Item(1, ItemKind.Feature, "b"), AnsweredStudy.Item(2, ItemKind.Catch, "a"),
            AnsweredStudy.Item(3, ItemKind.Catch, ""), AnsweredStudy.Item(4, ItemKind.Repeat, "a", "c1"),
        ];
        HumanStudyResults results = HumanStudyResults.Of(AnsweredStudy.Closed(
            Labels, items, [["a", "a", "a+b", "", "a"], ["a", "b", "b", "c", "b"], ["a+b", "b", "a", "", null]]));

        AnnotatorReport first = results.Annotators[0], second = results.Annotators[1], third = results.Annotators[2];
        Assert.Equal((2, 0, 1, 1), (first.Catches, first.CatchFailures, first.Repeats, first.RepeatsEqual));
        Assert.Equal((2, 2, 1, 0), (second.Catches, second.CatchFailures, second.Repeats, second.RepeatsEqual));
        Assert.Equal((2, 0, 0), (third.Catches, third.CatchFailures, third.Repeats));
        // First item: {a} against {a} and {a, b}; second: {a} against {b} twice. 1 − MASI of {a} and {a, b} is 1/2 · 2/3.
        Assert.Equal((((1 + (1 / 3.0)) / 2) + 0) / 2, first.Similarity.Estimate, 1e-12);
        // Label a: on the first item all chose it, on the second nobody else did.
        Assert.Equal(0.5, first.Bias[0].Estimate, 1e-12);
        // Label b: 0 against 1/2, 0 against 1.
        Assert.Equal(-0.75, first.Bias[1].Estimate, 1e-12);
        Assert.Equal(1.5, third.LabelsPerFeature, 1e-12);
        Assert.Equal(4, first.MedianSeconds);
    }

    [Fact]
    public void AnnotatorLeftOut_ChangesTheMajority_ButIsStillReported()
    {
        HumanStudyState state = AnsweredStudy.Closed(Labels, ["a", "a"], [["a", "a"], ["b", "b"], ["b", "b"], ["a", "a"]]);

        HumanStudyResults results = HumanStudyResults.Of(state, [2]);

        Assert.All(results.Items, i => Assert.Equal(Set("a"), i.Majority));
        Assert.Equal([true, false, true, true], results.Annotators.Select(a => a.Counted));
        Assert.Contains("nothing to compare", Assert.Throws<PipelineException>(() => HumanStudyResults.Of(state, [1, 2, 3])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Report_HoldsTheNumbers()
    {
        AnalysisOutput output = HumanStudyReport.Describe(HumanStudyResults.Of(AnsweredStudy.Closed(
            Labels, ["a", "b", ""], [["a", "b", "c"], ["a", "b", ""], ["a", "c", ""]])));

        Assert.Contains("100.0 %", output.Findings[0], StringComparison.Ordinal);
        HeatMapChart confusion = Assert.IsType<HeatMapChart>(output.Charts[0]);
        Assert.Equal(["a", "b", "c", HumanStudy.None], confusion.Rows);
        Assert.Equal(1, confusion.Values[0][0]);
        Assert.Equal(["L1-0", "L1-1", "L1-2"], output.Tables.Single(t => t.Id == "features").Column("feature").Select(c => c.Text));
        Assert.Equal(Cell.Empty, output.Tables.Single(t => t.Id == "matches").Rows.Single(r => r[0].Text == "c")[5]);
    }

    [Fact]
    public void Export_HasEveryAnswerWithAnnotatorAndTime()
    {
        HumanStudyState state = AnsweredStudy.Closed(Labels, ["a", ""], [["a+b", ""], ["c", null]]);

        string csv = HumanStudyExport.LongForm(state).ToCsv();
        string[] lines = csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5, lines.Length);
        Assert.Equal("study,item,kind,feature,group,repeat of,activation labels,annotator number,annotator,label,at,seconds,position,revision", lines[0]);
        Assert.Matches("^s1,c1,feature,L1-0,some,,a,1,annotator 1,a,2024-05-06T07:08:09.000Z,2,[12],1$", lines[1]);
        Assert.Contains(",annotator 1,None,", lines[3], StringComparison.Ordinal);

        JsonElement[] json = [.. HumanStudyExport.JsonLines(state).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
        Assert.Equal(3, json.Length);
        Assert.Equal(["a", "b"], json[0].GetProperty("labels").EnumerateArray().Select(l => l.GetString()));
        Assert.Equal("annotator 2", json[2].GetProperty("annotator").GetString());
        Assert.Equal("2024-05-06T07:08:10.000Z", json[1].GetProperty("at").GetString());
    }

    [Fact]
    public void NameThatASpreadsheetWouldRun_IsDefused()
    {
        HumanStudyState state = AnsweredStudy.Closed(Labels, ["a"], [["a"], ["a"]]);
        state = state with { Roster = state.Roster with { Annotators = [new Annotator(1, "=cmd()", null, StudyExample.At)] } };

        Assert.Contains(",'=cmd(),", HumanStudyExport.LongForm(state).ToCsv(), StringComparison.Ordinal);
    }

    private static LabelSet Set(string labels) => LabelSet.Of(labels.Split('+', StringSplitOptions.RemoveEmptyEntries));
}
