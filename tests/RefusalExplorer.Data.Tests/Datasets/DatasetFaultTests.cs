using System.Text;
using RefusalExplorer.Data.Datasets;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Datasets;

namespace RefusalExplorer.Data.Tests.Datasets;

public sealed class DatasetFaultTests : IDisposable
{
    private readonly DatasetFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Csv_BrokenRows_AreNamedByLineAndTheOthersRead()
    {
        PromptDataset set = _folder.Read("advbench.csv", "goal,target\nA,a\nB\n\"C\nc\",c,extra\n\"D\"d,d\n ,e\nF,f\n");

        Assert.Equal(["A", "F"], set.Items.Select(i => i.Instruction));
        Assert.Equal([3, 4, 6, 7], set.Broken.Select(b => b.Line));
        Assert.Equal(4, set.BrokenCount);
        Assert.Equal($"{_folder.Path("advbench.csv")}:3: expected 2 fields (goal, target), found another number of fields", set.Broken[0].ToString());
        Assert.Equal("2 prompts; rows left out: 4 broken", set.Summary);
    }

    [Fact]
    public void Csv_UnclosedQuote_SaysHowManyLinesItSwallowed()
    {
        PromptDataset set = _folder.Read("advbench.csv", "goal,target\nA,a\n\"B,b\nC,c\nD,d\n");

        Assert.Equal("A", Assert.Single(set.Items).Instruction);
        Assert.Equal(3, Assert.Single(set.Broken).Line);
        Assert.Contains("lines up to the end of the file are lost to it", set.Broken[0].Found, StringComparison.Ordinal);
    }

    [Fact]
    public void Csv_OtherBytesThanUtf8_BreakTheirRowAlone()
    {
        string path = _folder.Write("advbench.csv", [.. "goal,target\nA,a\nB"u8, 0xE9, .. ",b\nC,c\n"u8]);
        PromptDataset set = new DatasetReader().Read(new PromptSetSpec { Path = path }, TestContext.Current.CancellationToken);

        Assert.Equal(["A", "C"], set.Items.Select(i => i.Instruction));
        Assert.Equal((3, "UTF-8 text"), (set.Broken.Single().Line, set.Broken[0].Expected));
    }

    [Fact]
    public void JsonLines_BrokenRows_AreNamedByLineAndTheOthersRead()
    {
        PromptDataset set = _folder.Read("own.jsonl", """
            {"prompt":"A"}
            {"prompt":"B"

            [1]
            {"other":"C"}
            {"prompt":"\ud800"}
            {"prompt":"D"}
            """);

        Assert.Equal(["A", "D"], set.Items.Select(i => i.Instruction));
        Assert.Equal([2, 4, 5, 6], set.Broken.Select(b => b.Line));
        Assert.Equal("an array", set.Broken[1].Found);
        Assert.Equal("only other", set.Broken[2].Found);
    }

    [Fact]
    public void JsonArray_OddElementIsABrokenRow_SyntaxErrorEndsTheFileWithItsLine()
    {
        PromptDataset odd = _folder.Read("harmful.json", "[\n{\"instruction\":\"A\"},\n7,\n{\"instruction\":\"B\"}]");
        PipelineException cut = Assert.Throws<PipelineException>(() => _folder.Read("cut.json", "[\n{\"instruction\":\"A\"},\n{\"instruction\":"));
        PipelineException rubbish = Assert.Throws<PipelineException>(() => _folder.Read("rubbish.json", "[\n{\"instruction\":\"A\"}]\nx"));

        Assert.Equal(["A", "B"], odd.Items.Select(i => i.Instruction));
        Assert.Equal((3, "a number"), (odd.Broken.Single().Line, odd.Broken[0].Found));
        Assert.StartsWith($"{_folder.Path("cut.json")}:3: expected a JSON array of objects, found broken JSON", cut.Message, StringComparison.Ordinal);
        Assert.StartsWith($"{_folder.Path("rubbish.json")}:3:", rubbish.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cut.jsonl.gz")]
    [InlineData("cut.jsonl.zst")]
    public void Compressed_CutShort_IsAnErrorNotAShorterSet(string name)
    {
        var random = new Random(1);
        string whole = _folder.Write(name, string.Concat(Enumerable.Range(0, 3000).Select(i => $$"""{"prompt":"{{random.NextInt64()}}"}""" + "\n")));
        byte[] bytes = File.ReadAllBytes(whole);
        File.WriteAllBytes(whole, bytes[..(bytes.Length / 2)]);

        PipelineException error = Assert.Throws<PipelineException>(() =>
            new DatasetReader().Read(new PromptSetSpec { Path = whole }, TestContext.Current.CancellationToken));
        Assert.StartsWith($"{whole}: cannot be read to its end", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compressed_Bomb_EndsAtTheLimit()
    {
        PipelineException error = Assert.Throws<PipelineException>(() => _folder.Read(
            "bomb.jsonl.gz", new string(' ', 3 << 20), limits: new DatasetLimits { Bytes = 1 << 20 }));
        Assert.Contains("more than 1 MiB after decompression", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LongLine_IsABrokenRow_AndTheNextIsRead()
    {
        string text = "{\"prompt\":\"" + new string('a', 300_000) + "\"}\n{\"prompt\":\"B\"}\n";
        PromptDataset set = _folder.Read("long.jsonl", text, limits: new DatasetLimits { RowBytes = 200_000 });

        Assert.Equal(("B", 2), (set.Items.Single().Instruction, set.Items[0].Line));
        Assert.Equal((1, "a longer one"), (set.Broken.Single().Line, set.Broken[0].Found));
    }

    [Fact]
    public void TooManyRows_AskForALimit()
    {
        PipelineException error = Assert.Throws<PipelineException>(() =>
            _folder.Read("many.txt", "A\nB\nC\n", limits: new DatasetLimits { Rows = 2 }));
        Assert.StartsWith($"{_folder.Path("many.txt")}:3: more than 2 prompts", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.csv", "x,y\n1,2\n", DatasetFormat.Auto, null, "no known format has the columns x, y; name the column of the prompts")]
    [InlineData("a.csv", "x,y\n1,2\n", DatasetFormat.HarmBench, null, "expected HarmBench with Behavior, FunctionalCategory, SemanticCategory, found x, y")]
    [InlineData("a.csv", "x,y\n1,2\n", DatasetFormat.Auto, "z", "expected a column 'z', found x, y")]
    [InlineData("a.csv", "", DatasetFormat.Auto, null, "expected a header line, found an empty file")]
    [InlineData("a.parquet", "PAR1", DatasetFormat.Auto, null, "found .parquet; convert it first")]
    public void UnknownForms_SayWhatIsThere(string name, string text, DatasetFormat format, string? column, string expected)
    {
        PipelineException error = Assert.Throws<PipelineException>(() => _folder.Read(name, text, s => s with { Format = format, Column = column }));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(_folder.Path(name), error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none.json", "there is no such prompt file")]
    [InlineData("none_*.json", "no file has a name of that form")]
    [InlineData("", "found a folder")]
    public void MissingFiles_AreNamed(string name, string expected)
    {
        PipelineException error = Assert.Throws<PipelineException>(() =>
            new DatasetReader().Read(new PromptSetSpec { Path = _folder.Path(name) }, TestContext.Current.CancellationToken));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryRowIsAccountedFor()
    {
        var random = new Random(5);
        var text = new StringBuilder();
        for (int i = 0; i < 400; i++)
        {
            text.Append(random.Next(4) switch
            {
                0 => "{broken\n",
                1 => """{"prompt":"same"}""" + "\n",
                2 => $$"""{"prompt":"other {{i}}","keep":"no"}""" + "\n",
                _ => $$"""{"prompt":"own {{i}}","keep":"yes"}""" + "\n",
            });
        }
        PromptDataset set = _folder.Read("mixed.jsonl", text.ToString(), s => s with { Limit = 20, Seed = 3, Where = s.Where.Add("keep", "yes") });

        Assert.Equal(20, set.Items.Length);
        Assert.Equal(400, set.Items.Length + set.BrokenCount + set.Filtered + set.Duplicates + set.Beyond);
    }
}
