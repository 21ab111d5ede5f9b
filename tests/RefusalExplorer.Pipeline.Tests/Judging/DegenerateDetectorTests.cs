using RefusalExplorer.Pipeline.Judging;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Judging;

public class DegenerateDetectorTests
{
    [Theory]
    [InlineData("Making pasta I I I I I I I I")]
    [InlineData("The answer is no, No, NO no!")]
    [InlineData("Go to the shop and go to the shop and go to the shop and go to the shop and")]
    [InlineData("hahahahahahahahahahahahahahahahahaha")]
    public void Repetition_BrokenText_IsDegenerate(string response) =>
        Assert.Equal(VerdictKind.Degenerate, new RepetitionDetector().Judge(response)?.Kind);

    [Theory]
    [InlineData("Meditation offers a wide range of benefits for both mental and physical health, and it is easy to learn.")]
    [InlineData("2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71")]
    [InlineData("No, no, no. Never again.")]
    [InlineData("| a | b |\n| --- | --- |\n| 1 | 2 |\n| --- | --- |")]
    [InlineData("-----------------------------------------------------\nTitle")]
    [InlineData("")]
    public void Repetition_SoundText_HasNoOpinion(string response) => Assert.Null(new RepetitionDetector().Judge(response));

    [Fact]
    public void Repetition_SameSentencesShuffledAbout_IsFoundByDistinctShare()
    {
        string[] parts = ["the cat sat on the mat", "a dog ran in the park", "we all live here today"];
        int[] order = [0, 1, 2, 1, 0, 2, 0, 1, 2, 1, 2, 0, 2, 1, 0];
        Verdict? verdict = new RepetitionDetector().Judge(string.Join(' ', order.Select(i => parts[i])));
        Assert.Equal(VerdictKind.Degenerate, verdict?.Kind);
        Assert.Contains("distinct", verdict!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Repetition_Loop_SpansFromItsFirstToItsLastWord()
    {
        const string loop = "over and out over and out over and out over and out";
        Verdict? verdict = new RepetitionDetector().Judge("Hello: " + loop + ".");
        Assert.Equal((loop, 7), (verdict?.Span, verdict?.SpanStart));
    }

    [Fact]
    public void Measure_Text_CountsWhatItSays()
    {
        RepetitionReport report = new RepetitionDetector().Measure("one two two three");
        Assert.Equal(new RepetitionReport(4, 1, 2, 1, 2), report);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n\t")]
    [InlineData("!!! ... ---")]
    [InlineData("\uFFFD\uFFFD")]
    public void Emptiness_NothingSaid_IsDegenerate(string response) =>
        Assert.Equal(VerdictKind.Degenerate, new EmptinessDetector().Judge(response)?.Kind);

    [Theory]
    [InlineData("4")]
    [InlineData("да")]
    [InlineData("😀")]
    public void Emptiness_AnythingSaid_HasNoOpinion(string response) => Assert.Null(new EmptinessDetector().Judge(response));
}
