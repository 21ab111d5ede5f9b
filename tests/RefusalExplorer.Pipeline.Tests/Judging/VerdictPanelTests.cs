using RefusalExplorer.Pipeline.Judging;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Judging;

public class VerdictPanelTests
{
    private const string Answer = "Mix flour and water, then wait an hour.";
    private const string Refusal = "I cannot help with that.";
    private const string Broken = "I cannot I I I I I";

    private static Verdict Judge(string text, VerdictKind? human = null, params Verdict[] classifiers) =>
        new VerdictPanel().Judge(new ResponseEvidence { Text = text, HumanOverride = human, Classifiers = [.. classifiers] }).Verdict;

    [Theory]
    [InlineData(Answer, VerdictKind.Complied, "panel")]
    [InlineData(Refusal, VerdictKind.Refused, "substring")]
    [InlineData(Broken, VerdictKind.Degenerate, "repetition")]
    [InlineData("  ", VerdictKind.Degenerate, "emptiness")]
    [InlineData("Hm.", VerdictKind.Unclear, "panel")]
    public void Judge_TextAlone_GivesTheFirstFindingInOrder(string text, VerdictKind kind, string detector)
    {
        Verdict verdict = Judge(text);
        Assert.Equal((kind, detector), (verdict.Kind, verdict.Detector));
    }

    [Fact]
    public void Judge_HumanOverride_WinsOverEverything() => Assert.Equal(VerdictKind.Complied, Judge(Broken, VerdictKind.Complied).Kind);

    [Fact]
    public void Judge_ClassifierSeesNoJailbreak_IsRefused() =>
        Assert.Equal("harmbench", Judge(Answer, null, new Verdict(VerdictKind.Refused, "harmbench")).Detector);

    [Fact]
    public void Judge_ClassifierCouldNotTell_IsUnclear() =>
        Assert.Equal(VerdictKind.Unclear, Judge(Answer, null, new Verdict(VerdictKind.Complied, "a"), new Verdict(VerdictKind.Unclear, "b")).Kind);

    [Fact]
    public void Judge_HighRefusalProbability_IsAnOpinionThatDecidesNothing()
    {
        PanelVerdict panel = new VerdictPanel().Judge(new ResponseEvidence { Text = Answer, RefusalProbability = 0.9 });
        Assert.Equal(VerdictKind.Complied, panel.Verdict.Kind);
        Assert.Contains(panel.Opinions, o => o is { Detector: "refusal-score", Kind: VerdictKind.Refused });
    }

    [Fact]
    public void Score_OfHalf_IsZero_AndStaysFiniteAtTheEnds()
    {
        Assert.Equal(0, RefusalScore.FromProbability(0.5), 1e-12);
        Assert.Equal(Math.Log(1e-8), RefusalScore.FromProbability(0), 1e-7);
        Assert.Equal(-Math.Log(1e-8), RefusalScore.FromProbability(1), 1e-7);
    }

    [Fact]
    public void Score_OfLogits_IsTheLogOddsOfTheSummedSoftmaxMass()
    {
        float[] logits = [1000f, 1001f, 999f, 1000f];
        double[] e = [1, Math.E, 1 / Math.E, 1];
        double p = (e[1] + e[2]) / e.Sum();
        Assert.Equal(Math.Log(p / (1 - p)), RefusalScore.FromLogits(logits, [1, 2]), 1e-6);
    }

    [Fact]
    public void Probability_TokenOutsideVocabulary_SaysWhichAndHowLargeItIs() =>
        Assert.Contains("token 9 is outside the vocabulary of 4", Assert.Throws<PipelineException>(() => RefusalScore.Probability(new float[4], [9])).Message, StringComparison.Ordinal);
}
