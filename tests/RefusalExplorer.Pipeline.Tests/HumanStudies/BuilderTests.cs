using System.Text.Json;
using RefusalExplorer.Pipeline.Analyses.Requests;
using RefusalExplorer.Pipeline.Analyses.Results;
using RefusalExplorer.Pipeline.Analyses.Taxonomy;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.HumanStudies;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.HumanStudies;

public class BuilderTests
{
    [Fact]
    public void Study_HoldsAsManyFeaturesOfEachGroup()
    {
        HumanStudy study = StudyExample.Study();

        Dictionary<string, int> groups = study.Items.Where(i => i.Kind == ItemKind.Feature).CountBy(i => i.Group).ToDictionary();
        Assert.Equal(
            new Dictionary<string, int> { ["1 category"] = 4, ["2 categories"] = 4, ["3 categories"] = 4, ["random, firing"] = 5, ["random, silent"] = 2 }, groups);
        Assert.Empty(study.Notes);
        Assert.All(study.Items, i => Assert.Equal(5, i.Examples.Length));
    }

    [Fact]
    public void Group_IsBalancedByLabel()
    {
        HumanStudy study = StudyExample.Study(new HumanStudySettings { PerGroup = 6, Random = 0, RandomSilent = 0 });

        int[] perLabel = [.. study.Items.Where(i => i is { Kind: ItemKind.Feature, Group: "1 category" }).CountBy(i => i.Labels.Single()).Select(g => g.Value)];
        Assert.Equal([2, 2, 2], perLabel);
    }

    [Fact]
    public void SameSeed_GivesTheSameStudy_AndAnotherSeedAnother()
    {
        HumanStudySettings settings = new() { PerGroup = 4, Seed = 3 };

        Assert.Equal(Text(StudyExample.Study(settings)), Text(StudyExample.Study(settings)));
        Assert.NotEqual(Text(StudyExample.Study(settings)), Text(StudyExample.Study(settings with { Seed = 4 })));
    }

    [Fact]
    public void Shortage_IsNoted()
    {
        HumanStudy study = StudyExample.Study(new HumanStudySettings { PerGroup = 10, Random = 0, RandomSilent = 7 });

        Assert.Contains("3 categories: 9 of 10, there are no more with a text to show", study.Notes);
        Assert.Contains("random, silent: 5 of 7, there are no more with a text to show", study.Notes);
    }

    [Fact]
    public void FeaturesWithoutTexts_AreLeftOut()
    {
        HumanStudy study = StudyExample.Study(examples: f => f.Index is >= 50 and < 59 ? [] : StudyExample.Examples(f));

        Assert.DoesNotContain(study.Items, i => i.Group == "3 categories");
        Assert.Contains("3 categories: 0 of 4, there are no more with a text to show", study.Notes);
        PipelineException e = Assert.Throws<PipelineException>(() => StudyExample.Study(examples: _ => []));
        Assert.Contains("make the model's dashboards first", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CatchTrials_HaveTextsOfTheirKnownLabel_AndNoneComesFirst()
    {
        HumanStudy study = StudyExample.Study(new HumanStudySettings { CatchTrials = 5 });

        StudyItem[] catches = [.. study.Items.Where(i => i.Kind == ItemKind.Catch)];
        Assert.Equal(5, catches.Length);
        Assert.Equal(2, catches.Count(c => c.Labels.IsEmpty));
        Assert.Equal(StudyExample.Categories, catches.Where(c => !c.Labels.IsEmpty).Select(c => c.Labels.Single()).Order());
        foreach (StudyItem item in catches)
        {
            string about = item.Labels.IsEmpty ? "cook" : item.Labels[0];
            Assert.All(item.Examples, e => Assert.Contains(about, string.Concat(e.Tokens.Select(t => t.Text)), StringComparison.Ordinal));
        }
    }

    [Fact]
    public void CatchTrials_NeverShowATextTwice()
    {
        HumanStudy study = StudyExample.Study(new HumanStudySettings { CatchTrials = 8 });

        string[] texts = [.. study.Items.Where(i => i.Kind == ItemKind.Catch).SelectMany(i => i.Examples).Select(e => string.Concat(e.Tokens.Select(t => t.Text)))];
        Assert.Equal(texts.Length, texts.Distinct().Count());
    }

    [Fact]
    public void Ids_DoNotTellOneKindFromAnother()
    {
        HumanStudy study = StudyExample.Study(new HumanStudySettings { PerGroup = 8, CatchTrials = 6, Repeats = 6 });

        Assert.Equal(Enumerable.Range(1, study.Items.Length).Select(n => $"c{n}"), study.Items.Select(i => i.Id));
        // The builder makes features first, then catch trials, then repeats; after the shuffle that order must be gone.
        Assert.True(study.Items.Index().First(i => i.Item.Kind != ItemKind.Feature).Index < study.Items.Length - 12);
        Assert.All(study.Items.Where(i => i.Kind == ItemKind.Repeat), r => Assert.Equal(r.Feature, study.Items.Single(i => i.Id == r.RepeatOf).Feature));
    }

    [Fact]
    public void Order_DiffersByAnnotator_HoldsEverything_AndRepeatsComeLater()
    {
        HumanStudy study = StudyExample.Study(new HumanStudySettings { PerGroup = 8, Repeats = 8 });

        string[] first = [.. AnnotationOrder.For(study, 1).Select(i => i.Id)], second = [.. AnnotationOrder.For(study, 2).Select(i => i.Id)];
        Assert.NotEqual(first, second);
        Assert.Equal(first, AnnotationOrder.For(study, 1).Select(i => i.Id));
        Assert.Equal(first.Order(), second.Order());
        for (int annotator = 1; annotator <= 40; annotator++)
        {
            List<StudyItem> order = [.. AnnotationOrder.For(study, annotator)];
            Assert.All(order.Where(i => i.Kind == ItemKind.Repeat), r => Assert.True(order.IndexOf(r) > order.FindIndex(i => i.Id == r.RepeatOf)));
        }
    }

    [Fact]
    public void Example_KeepsWhereItFires_AndLosesHowStrongly()
    {
        TokenView[] tokens = [new(1, " one", "Ġone", false), new(2, " two", "Ġtwo", false), new(3, "", "▁three", false), new(4, " four", "Ġfour", false)];
        ActivatingExample example = new(0, 5, 1, [.. tokens], [0.4f, 9.75f, 5f, 0f], true, false, true);

        BlindExample blind = BlindExamples.Of(example);

        Assert.Equal([TokenMark.Plain, TokenMark.Strongest, TokenMark.Active, TokenMark.Plain], blind.Tokens.Select(t => t.Mark));
        Assert.Equal([" one", " two", "▁three", " four"], blind.Tokens.Select(t => t.Text));
        Assert.True(blind is { CutBefore: true, CutAfter: false, MayBeHarmful: true });
        Assert.DoesNotContain("9.75", JsonSerializer.Serialize(blind), StringComparison.Ordinal);
    }

    [Fact]
    public void PlainText_IsWholeAndHasOneStrongestWord()
    {
        BlindExample blind = BlindExamples.Of("a  considerable\nthing ", mayBeHarmful: false);

        Assert.Equal("a  considerable\nthing ", string.Concat(blind.Tokens.Select(t => t.Text)));
        Assert.Equal("considerable", Assert.Single(blind.Tokens, t => t.Mark == TokenMark.Strongest).Text.Trim());
    }

    [Fact]
    public void Pool_IsReadFromTheTaxonomyAnalysis()
    {
        string[] order = ["fraud", "drugs"];
        CategoryMap[] maps =
        [
            new(new(3, 1), [0.5, 0.0], [1, 0], ["fraud"]), new(new(3, 2), [0.1, 0.9], [1, 2], ["fraud", "drugs"]),
        ];
        AnalysisResult result = new()
        {
            RunId = "r1",
            Analysis = "taxonomy",
            Request = new AnalysisRequest
            {
                Harmful = new PromptSelection { Items = [new AnalysisPrompt { Instruction = "text", Category = "misinformation" }] },
            },
            Output = TaxonomyAnalysis.Describe([.. maps], [new CategoryMap(new(4, 9), [0, 0], [0, 0], [])], order, "set"),
            Record = null!,
        };

        TaxonomyPool pool = TaxonomyPool.Read(result);
        Assert.Equal(order, pool.Categories);
        Assert.Equal(["L3-1 True fraud", "L3-2 True fraud,drugs", "L4-9 False "], pool.Features.Select(f => $"{f.Feature} {f.FromSet} {string.Join(',', f.Labels)}"));
        Assert.Equal(new KnownText("text", "false information"), Assert.Single(pool.Texts));
        Assert.Equal(["fraud", "drugs", ""], TaxonomyPool.Read(result, 0.2).Features.Select(f => string.Join(',', f.Labels)));
        Assert.Throws<PipelineException>(() => TaxonomyPool.Read(result with { Analysis = "overlap" }));
    }

    [Theory]
    [InlineData(-1, 5, null)]
    [InlineData(10, 0, null)]
    [InlineData(10, 5, 1.0)]
    public void SettingsWithoutSense_AreRefused(int perGroup, int examples, double? share) => Assert.Throws<PipelineException>(() =>
        StudyExample.Study(new HumanStudySettings { PerGroup = perGroup, Examples = examples, LeastShare = share }));

    private static string Text(HumanStudy study) => JsonSerializer.Serialize(study);
}
