using RefusalExplorer.Data.Datasets;
using RefusalExplorer.Pipeline.Datasets;

namespace RefusalExplorer.Data.Tests.Datasets;

public sealed class DatasetSelectionTests : IDisposable
{
    private readonly DatasetFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void SeveralFiles_AreOneSetWithoutRepeatedPrompts()
    {
        _folder.Write("harmful_test.json", """[{"instruction":"B","category":"x"},{"instruction":"C","category":"x"}]""");
        _folder.Write("harmful_train.json", """[{"instruction":"A","category":null},{"instruction":" B","category":null}]""");
        _folder.Write("harmless_train.json", """[{"instruction":"Z","category":null}]""");
        var spec = new PromptSetSpec { Path = _folder.Path("harmful_*.json") };

        PromptDataset set = new DatasetReader().Read(spec, TestContext.Current.CancellationToken);
        PromptDataset all = new DatasetReader().Read(spec with { Unique = false }, TestContext.Current.CancellationToken);

        Assert.Equal(["B", "C", "A"], set.Items.Select(i => i.Instruction));
        Assert.Equal(1, set.Duplicates);
        Assert.Equal(["B", "C", "A", "B"], all.Items.Select(i => i.Instruction));
    }

    [Fact]
    public void Seed_DrawsTheSamePromptsEachTime_AndOtherOnesWithAnotherSeed()
    {
        string text = string.Join('\n', Enumerable.Range(0, 100));
        string[] Draw(long? seed) => [.. _folder.Read("a.txt", text, s => s with { Limit = 10, Seed = seed }).Items.Select(i => i.Instruction)];

        Assert.Equal(Draw(42), Draw(42));
        Assert.NotEqual(Draw(42), Draw(43));
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], Draw(null));
    }
}
