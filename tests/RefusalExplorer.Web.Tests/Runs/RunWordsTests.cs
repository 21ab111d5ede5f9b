using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Runs;
using Xunit;

namespace RefusalExplorer.Web.Tests.Runs;

public sealed class RunWordsTests
{
    [Theory]
    [InlineData(StudyLibrary.Kind, RunStatus.Interrupted, true, "queued", "")]
    [InlineData(StudyLibrary.Kind, RunStatus.Interrupted, false, "stopped", "warn")]
    [InlineData(StudyLibrary.Kind, RunStatus.Running, false, "running", "")]
    [InlineData("experiment", RunStatus.Interrupted, false, "interrupted", "warn")]
    public void AStudy_IsCalledAsOnItsOwnPage(string kind, RunStatus status, bool waits, string word, string chip)
    {
        var run = new RunHeader { Id = "a", Kind = kind, Model = "demo", Title = "a", CreatedAt = DateTimeOffset.UnixEpoch, Status = status };

        Assert.Equal((word, chip), (RunWords.Status(run, waits), RunWords.Chip(run, waits)));
    }

    [Theory]
    [InlineData("of-a-few-words", "of-a-few-words")]
    [InlineData("0198c5a1b2c3d4e5f60198c5a1b2c3d4", "…a1b2c3d4")]
    [InlineData("demo-0123456789fd8bce43", "demo-…fd8bce43")]
    [InlineData("tiny-0123456789fd8bce43", "tiny-…fd8bce43")]
    [InlineData("a-name-of-many-words-indeed-0123456789fd8bce43", "a-name-of-many-words…fd8bce43")]
    public void ShortIds_TellStudiesOfTheSameSettingsApart(string id, string text) => Assert.Equal(text, RunWords.ShortId(id));
}
