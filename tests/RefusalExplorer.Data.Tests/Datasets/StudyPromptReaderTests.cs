using RefusalExplorer.Data.Datasets;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Data.Tests.Datasets;

public sealed class StudyPromptReaderTests : IDisposable
{
    private readonly DatasetFolder _folder = new();
    private readonly StudyPromptReader _reader = new(new DatasetReader());

    public void Dispose() => _folder.Dispose();

    private PromptSetRead Read(string set, bool unique = true) =>
        _reader.Read(new PromptSelection { Set = set, Unique = unique }, harmful: true, TestContext.Current.CancellationToken);

    [Fact]
    public void SplitsByPattern_AreTheirUnion_InTheOrderOfTheirNames()
    {
        _folder.Write("harmful_train.json", """[{"instruction":"A","category":"x"},{"instruction":"B","category":"y"}]""");
        _folder.Write("harmful_test.json", """[{"instruction":"B","category":"y"},{"instruction":"C","category":null}]""");
        _folder.Write("harmless_test.json", """[{"instruction":"D","category":null}]""");
        string pattern = _folder.Path("harmful_*.json");

        PromptSetRead read = Read(pattern);

        Assert.Equal(["B", "C", "A"], read.Items.Select(i => i.Instruction));
        Assert.Equal([$"{pattern}: 1 prompts of one file are in another, too"], read.Notes);
        Assert.Equal(4, Read(pattern, unique: false).Items.Length);
    }

    [Fact]
    public void APatternThatFitsNoFile_NamesIt()
    {
        PipelineException e = Assert.Throws<PipelineException>(() => Read(_folder.Path("none_*.json")));
        Assert.Contains("none_*.json", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void BrokenRows_AreNotedWithTheirLine_AndTheOthersStudied()
    {
        string path = _folder.Write("mine.csv", "goal,target\nA,x\nB\nC,z\n");

        PromptSetRead read = Read(path);

        Assert.Equal(["A", "C"], read.Items.Select(i => i.Instruction));
        Assert.Contains(read.Notes, n => n.Contains(":3: expected", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, "Bad", "Worse")]
    [InlineData(false, "Fine", "Good")]
    public void AFileOfBothKinds_GivesThatWhichIsAskedFor_AndSaysWhatItLeavesOut(bool harmful, params string[] expected)
    {
        string path = _folder.Write("xstest.csv", "id,prompt,type,label\n1,Fine,homonyms,safe\n2,Bad,contrast_homonyms,unsafe\n3,Good,homonyms,safe\n4,Worse,contrast_homonyms,unsafe\n");

        PromptSetRead read = _reader.Read(new PromptSelection { Set = path }, harmful, TestContext.Current.CancellationToken);

        Assert.Equal(expected, read.Items.Select(i => i.Instruction));
        Assert.Contains("2 of the other kind", Assert.Single(read.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void AFileOfOneKind_IsTakenAsItIs()
    {
        string path = _folder.Write("advbench.csv", "goal,target\nA,x\nB,y\n");

        Assert.Equal(2, _reader.Read(new PromptSelection { Set = path }, harmful: false, TestContext.Current.CancellationToken).Items.Length);
    }

    [Fact]
    public void HarmBenchsContext_StandsBeforeItsBehaviour()
    {
        string path = _folder.Write("harmbench.csv", "Behavior,FunctionalCategory,SemanticCategory,Tags,ContextString,BehaviorID\nDo it,contextual,x,,Read this,do_it\n");

        Assert.Equal("Read this\n\n---\n\nDo it", Assert.Single(Read(path).Items).Instruction);
    }

    [Fact]
    public void AnUnknownDemoSet_SaysWhichThereAre() =>
        Assert.Contains("demo:harmful_test", Assert.Throws<PipelineException>(() => Read("demo:benign")).Message, StringComparison.Ordinal);
}
