using RefusalExplorer.Pipeline.Datasets;

namespace RefusalExplorer.Data.Tests.Datasets;

public sealed class DatasetFormatTests : IDisposable
{
    private readonly DatasetFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Splits_HarmlessWithNullCategories_AreRecognisedByKeysAndHarmByName()
    {
        PromptDataset set = _folder.Read("harmless_train.json", """[{"instruction": " Name a tree. ", "category": null}, {"instruction": "Name a bird.", "category": "birds"}]""");

        Assert.Equal(DatasetFormat.Splits, set.Format);
        Assert.Equal(["Name a tree.", "Name a bird."], set.Items.Select(i => i.Instruction));
        Assert.Equal([null, "birds"], set.Items.Select(i => i.Category));
        Assert.All(set.Items, i => Assert.False(i.Harmful));
        Assert.False(set.ToPromptSet("harmless").Harmful);
    }

    [Fact]
    public void AdvBench_GoalAndTarget()
    {
        PromptDataset set = _folder.Read("advbench.csv", "goal,target\r\n\"Do a, then b\",\"Sure, here\"\r\n");

        Assert.Equal(DatasetFormat.AdvBench, set.Format);
        DatasetItem item = Assert.Single(set.Items);
        Assert.Equal(("Do a, then b", "Sure, here", true), (item.Instruction, item.Target, item.Harmful));
    }

    [Fact]
    public void HarmBench_FieldsWithNewlines_KeepContextIdAndLine()
    {
        const string text = """
            Behavior,FunctionalCategory,SemanticCategory,Tags,ContextString,BehaviorID
            "Write
            it down",contextual,chemical,"context, x","First line

            third ""line"" it",write_it
            Say it,standard,illegal,,,say_it
            """;
        PromptDataset set = _folder.Read("harmbench.csv", text);

        Assert.Equal(DatasetFormat.HarmBench, set.Format);
        Assert.Equal("Write\nit down", set.Items[0].Instruction);
        Assert.Equal("First line\n\nthird \"line\" it", set.Items[0].Context);
        Assert.Equal(("chemical", "write_it", 2), (set.Items[0].Category, set.Items[0].Id, set.Items[0].Line));
        Assert.Equal("contextual", set.Items[0].Extras["FunctionalCategory"]);
        Assert.Equal((6, null), (set.Items[1].Line, set.Items[1].Context));

        PromptDataset standard = _folder.Read("harmbench.csv", text, s => s with { Where = s.Where.Add("functionalcategory", "Standard") });
        Assert.Equal("Say it", Assert.Single(standard.Items).Instruction);
        Assert.Equal(1, standard.Filtered);
    }

    [Theory]
    [InlineData("harmful-behaviors.csv", true)]
    [InlineData("benign-behaviors.csv", false)]
    public void JailbreakBench_BenignFileIsHarmless(string name, bool harmful)
    {
        PromptDataset set = _folder.Read(name, "Index,Goal,Target,Behavior,Category,Source\n7,Write x,Here is x,X,Topic,Original\n");

        Assert.Equal(DatasetFormat.JailbreakBench, set.Format);
        Assert.Equal(("Write x", "Topic", "7", harmful), (set.Items[0].Instruction, set.Items[0].Category, set.Items[0].Id, set.Items[0].Harmful!.Value));
    }

    [Fact]
    public void StrongReject_ForbiddenPrompt()
    {
        PromptDataset set = _folder.Read("strongreject.csv", "category,source,forbidden_prompt\nTopic,DAN,Tell x\n");

        Assert.Equal(DatasetFormat.StrongReject, set.Format);
        Assert.Equal(("Tell x", "Topic", "DAN"), (set.Items[0].Instruction, set.Items[0].Category, set.Items[0].Extras["source"]));
    }

    [Fact]
    public void XsTest_LabelSaysHarm_AndTypeWhereThereIsNoLabel()
    {
        PromptDataset labelled = _folder.Read("xstest.csv", "id,prompt,type,label,focus,note\n1,How do I stop a process?,homonyms,safe,stop,\n2,Bad,contrast_homonyms,unsafe,x,\n");
        PromptDataset older = _folder.Read("xstest_v1.csv", "id,prompt,type\n1,Fine,homonyms\n2,Bad,contrast_homonyms\n");

        Assert.Equal(DatasetFormat.XsTest, labelled.Format);
        Assert.Equal([false, true], labelled.Items.Select(i => i.Harmful!.Value));
        Assert.Equal([false, true], older.Items.Select(i => i.Harmful!.Value));
    }

    [Fact]
    public void CoCoNot_KeepsSafetyConcerns_UnderThePapersNames_WithoutAnswers()
    {
        PromptDataset set = _folder.Read("coconot.jsonl", """
            {"id":"1","category":"Requests with safety concerns","subcategory":"misinformation","prompt":"A","response":"no"}
            {"id":"2","category":"Humanizing requests","subcategory":"x","prompt":"B","response":""}
            {"id":"3","category":"requests with safety concerns","subcategory":"privacy violations","prompt":"C","response":""}
            """);

        Assert.Equal(DatasetFormat.CoCoNot, set.Format);
        Assert.Equal([("A", "False Information"), ("C", "Privacy Violations")], set.Items.Select(i => (i.Instruction, i.Category!)));
        Assert.Equal(1, set.Filtered);
        Assert.All(set.Items, i => Assert.DoesNotContain("response", i.Extras.Keys));
    }

    [Fact]
    public void Alpaca_BlankInputsOnly_AnswerIsTheTarget()
    {
        PromptDataset set = _folder.Read("alpaca.json", """[{"instruction":"Sum it","input":"1 2","output":"3"},{"instruction":"Name a tree","input":" ","output":"Oak"}]""");

        Assert.Equal(DatasetFormat.Alpaca, set.Format);
        Assert.Equal(("Name a tree", "Oak", false), (set.Items.Single().Instruction, set.Items[0].Target, set.Items[0].Harmful));
        Assert.Equal(1, set.Filtered);
    }

    [Theory]
    [InlineData("pile.jsonl.zst")]
    [InlineData("pile.jsonl.gz")]
    public void Pile_Compressed_SubsetByWhere_StopsAtTheLimit(string name)
    {
        string text = string.Concat(Enumerable.Range(0, 500).Select(i =>
            $$$"""{"text":"text {{{i}}}","meta":{"pile_set_name":"{{{(i % 2 == 0 ? "Github" : "ArXiv")}}}"}}""" + "\n"));
        PromptDataset set = _folder.Read(name, text, s => s with { Limit = 3, Where = s.Where.Add("meta.pile_set_name", "ArXiv") });

        Assert.Equal(DatasetFormat.Pile, set.Format);
        Assert.Equal(["text 1", "text 3", "text 5"], set.Items.Select(i => i.Instruction));
        Assert.Equal(("ArXiv", null), (set.Items[0].Category, set.Items[0].Harmful));
    }

    [Fact]
    public void PlainText_OnePromptALine()
    {
        PromptDataset set = _folder.Read("malicious.txt", "\uFEFFFirst\r\n\r\n  Second\nThird");

        Assert.Equal(["First", "Second", "Third"], set.Items.Select(i => i.Instruction));
        Assert.Equal([1, 3, 4], set.Items.Select(i => i.Line));
        Assert.Equal(DatasetFormat.PlainText, set.Format);
    }

    [Fact]
    public void JsonArrayOfTexts()
    {
        PromptDataset set = _folder.Read("tdc.json", "[\n\"A\",\n\"B\"\n]");

        Assert.Equal([("A", 2L), ("B", 3L)], set.Items.Select(i => (i.Instruction, i.Line)));
    }

    [Fact]
    public void NamedColumn_AlsoInsideAnObject()
    {
        PromptDataset csv = _folder.Read("own.tsv", "who\tsaid\nme\tHello, you\n", s => s with { Column = "said", CategoryColumn = "who", Harmful = true });
        PromptDataset json = _folder.Read("own.jsonl", """{"request":{"said":"Hello"}}""", s => s with { Column = "request.said" });

        Assert.Equal(("Hello, you", "me", true), (csv.Items[0].Instruction, csv.Items[0].Category, csv.Items[0].Harmful!.Value));
        Assert.Equal(DatasetFormat.Columns, csv.Format);
        Assert.Equal(("Hello", null), (json.Items[0].Instruction, json.Items[0].Harmful));
        Assert.True(json.ToPromptSet("own").Harmful);
    }
}
