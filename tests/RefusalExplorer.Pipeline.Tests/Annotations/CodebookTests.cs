using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Pipeline.Tests.HumanStudies;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Annotations;

public sealed class CodebookTests
{
    [Fact]
    public void Paper_HasTheGroupsOfItsTables_EachWithAKey()
    {
        Codebook.Paper.Validate();

        Assert.Equal(
            ["Punctuation", "Programming", "Harm/Violence/Safety", "Sexual themes", "Morality", "Support/Guidance", "Uncertainty", "Legal", "Social issues", "Scam/Fraud", "Misc.", "None"],
            Codebook.Paper.Labels.Select(l => l.Name));
    }

    [Fact]
    public void Toggle_OfNone_StandsAlone_AndGivesWayToOthers()
    {
        Codebook book = Codebook.Paper;
        CodebookLabel none = book.ByKey("0")!, legal = book.ByKey("8")!, code = book.ByKey("2")!;

        Assert.Equal(["Programming", "Legal"], book.Toggle(book.Toggle([], legal), code));
        Assert.Equal(["None"], book.Toggle(["Programming", "Legal"], none));
        Assert.Equal(["Legal"], book.Toggle(["None"], legal));
        Assert.Empty(book.Toggle(["Legal"], legal));
    }

    [Theory]
    [InlineData("1", "Punctuation ", "blanks")]
    [InlineData("j", "Law", "its key is 'j'")]
    [InlineData("", "Law", "its key is ''")]
    [InlineData("2", "Law", "the same key")]
    [InlineData("9", "programming", "the same name")]
    public void Validate_NamesWhatIsWrong(string key, string name, string said)
    {
        var book = new Codebook { Labels = [new CodebookLabel("2", "Programming"), new CodebookLabel(key, name)] };

        Assert.Contains(said, Assert.Throws<PipelineException>(book.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Save_IsReadBack_AndTellsOthers()
    {
        var documents = new MemoryDocumentStore();
        var books = new Codebooks(documents);
        int told = 0;
        books.Changed += () => told++;
        Assert.Equal(Codebook.Paper.Labels, books.Current.Labels);

        await books.SaveAsync(new Codebook { Labels = [new CodebookLabel("1", "Law", "Courts"), new CodebookLabel("0", "None", Exclusive: true)] }, TestContext.Current.CancellationToken);

        Assert.Equal([new CodebookLabel("1", "Law", "Courts"), new CodebookLabel("0", "None", "", true)], new Codebooks(documents).Current.Labels);
        Assert.Equal(1, told);
        await Assert.ThrowsAsync<PipelineException>(() => books.SaveAsync(new Codebook { Labels = [] }));
    }
}
