using RefusalExplorer.Pipeline.Studies;
using Xunit;

namespace RefusalExplorer.Pipeline.Tests.Studies;

public class StudyDefinitionTests
{
    private const string Sets = """ "sets": { "prompts": "demo:harmful_test", "harmfulTrain": "demo:harmful_train", "harmlessTrain": "demo:harmless_train" } """;

    private static StudyDefinition Parse(string more = "") => StudyJson.Parse($$"""{ "name": "n", "model": "demo", {{Sets}} {{more}} }""", "s.json");

    [Fact]
    public void Parse_LeastDefinition_HasThePapersSettings()
    {
        StudyDefinition study = Parse();
        Assert.Equal("demo:harmful_test", study.Sets.Prompts.Set);
        Assert.Equal((10, 200, 20), (study.Candidates.Steps[0], study.Candidates.Steps[^1], study.Candidates.Steps.Length));
        Assert.Equal([0, 1], study.Candidates.ExcludedLayers);
        Assert.Equal((5, 8, 3), (study.Prune.BlockSize, study.Prune.Thresholds.Length, study.Prune.Seeds.Length));
        Assert.Equal((0.1, 0.8), (study.Prune.Thresholds[0], study.Prune.Thresholds[^1]));
        Assert.Equal((20, 1e-3, 20, 4, 2), (study.Interactions.EmbeddingSize, study.Interactions.LearningRate, study.Interactions.Epochs, study.Interactions.LastTokens, study.Interactions.FirstLayer));
        Assert.Equal((0.8, 0.1), (study.Interactions.TrainShare, study.Interactions.ValidationShare));
        Assert.Equal((100, 2000), (study.Interactions.Steps[0], study.Interactions.Steps[^1]));
        Assert.Equal((128, 32, 42L), (study.Direction.TrainCount, study.Direction.ValidationCount, study.Direction.Seed));
        Assert.Equal(512, study.Generation.MaxNewTokens);
    }

    [Theory]
    [InlineData(""", "candidatess": {}""", "s.json: $.candidatess: unknown field; expected one of name")]
    [InlineData(""", "prune": { "tau": 3 }""", "s.json: $.prune.tau: unknown field; expected one of blockSize, thresholds")]
    [InlineData(""", "prune": { "blockSize": "five" }""", "s.json: $.prune.blockSize")]
    [InlineData(""", "prune": { "blockSize": 0 }""", "s.json: $.prune.blockSize: 0; expected at least 1")]
    [InlineData(""", "direction": { "selector": "best" }""", "s.json: $.direction.selector: \"best\"; expected one of reference, attackSuccessRate, fixed")]
    [InlineData(""", "direction": { "selector": "fixed" }""", "$.direction.hook: expected the hook")]
    [InlineData(""", "direction": { "hook": "layer 16" }""", "$.direction.hook: hook 'layer 16'")]
    [InlineData(""", "scope": "everywhere" """, "$.scope: scope 'everywhere'")]
    [InlineData(""", "candidates": { "steps": [20, 10] }""", "$.candidates.steps: expected ascending")]
    [InlineData(""", "interactions": { "trainShare": 0.95 }""", "$.interactions: expected trainShare")]
    [InlineData(""", "prune": null""", "$.prune")]
    [InlineData(""", "through": 2""", "$.through: 2; expected one of direction, candidates, prune, interactions")]
    [InlineData(""", "prune": [1]""", "$.prune: expected an object with blockSize")]
    public void Parse_WrongField_SaysWhereAndWhatWasExpectedInOneLine(string more, string expected)
    {
        PipelineException e = Assert.Throws<PipelineException>(() => Parse(more));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.StartsWith("s.json: ", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]", "expected a JSON object")]
    [InlineData("{", "s.json: ")]
    [InlineData("""{ "name": "n" }""", "\"model\" is missing")]
    [InlineData("""{ "name": "n", "model": "m" }""", "\"sets\" is missing")]
    [InlineData("""{ "name": "n", "model": "m", "sets": { } }""", "$.sets: \"prompts\" is missing")]
    [InlineData("""{ "name": "n", "model": "m", "sets": { "prompts": "demo:harmful_test" } }""", "expected \"harmfulTrain\" and \"harmlessTrain\"")]
    public void Parse_NoDefinition_SaysWhatIsMissing(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<PipelineException>(() => StudyJson.Parse(json, "s.json")).Message, StringComparison.Ordinal);

    [Fact]
    public void Serialize_AnyDefinition_ReadsBackAsTheSameStudy()
    {
        StudyDefinition study = Parse(""", "seed": 9, "prune": { "thresholds": [0.3], "leaveOneOut": true }, "saes": { "3": "a/b" }""");
        StudyDefinition again = StudyJson.Parse(StudyJson.Serialize(study, indented: true), "again");
        Assert.Equal(StudyJson.Serialize(study), StudyJson.Serialize(again));
        Assert.Equal(study.Fingerprint, again.Fingerprint);
        Assert.NotEqual(study.Fingerprint, (again with { Seed = 8 }).Fingerprint);
        Assert.Equal(study.Fingerprint, (again with { Name = "other", Through = StudyStage.Direction }).Fingerprint);
    }

    [Fact]
    public void Journal_DamagedInTheMiddle_IsRefusedWithItsPlace()
    {
        using var folder = new StudyFolder();
        using (StudyJournal journal = StudyJournal.Open(folder.Path, "f"))
            journal.Append("a", 1, "x");
        File.WriteAllText(folder.Journal, File.ReadAllText(folder.Journal).Replace("{\"piece\":\"a\"", "{\"pie\u0000ce\":", StringComparison.Ordinal));
        Assert.Contains("the file is damaged", Assert.Throws<PipelineException>(() => StudyJournal.Open(folder.Path, "f")).Message, StringComparison.Ordinal);
    }
}
