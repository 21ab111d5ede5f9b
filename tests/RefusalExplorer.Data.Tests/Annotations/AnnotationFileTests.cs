using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Data.Annotations;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Tests.Annotations;

public sealed class AnnotationFileTests : IDisposable
{
    private const string Header = "model,sae,feature,annotator,label,confidence,notes,at\n";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_OfJsonLines_GivesBackWhatWasWritten()
    {
        Annotation[] written =
        [
            Annotation(new(8, 3), "Ada", ["Legal", "Morality"], "=1+1\n\"quoted\", Größe", 0.25),
            Annotation(new(8, 3), "Bob", [], "only a note", null),
        ];
        string path = _folder.File("annotations.jsonl");
        File.WriteAllLines(path, AnnotationRow.Of(written).Select(r => JsonSerializer.Serialize(r, JsonSerializerOptions.Web)));

        (ImmutableArray<AnnotationRevision> read, ImmutableArray<string> faults) = AnnotationFile.Read(path);

        Assert.Empty(faults);
        Assert.Equal(written.Select(Text), read.Select(r => Text(r.Annotation)));
        Assert.All(read, r => Assert.Equal((0, null), (r.Number, r.UndoneAt)));
    }

    [Fact]
    public void Read_OfCsv_TakesTheApostropheOffThatKeepsSpreadsheetsFromRunningIt()
    {
        (ImmutableArray<AnnotationRevision> read, ImmutableArray<string> faults) = Read(
            Header + "demo,f00,L8-3,Ada,Legal,0.5,'=HYPERLINK(),2026-01-31T12:00:00Z\ndemo,f00,L8-3,Ada,'-,0.5,'=HYPERLINK(),2026-01-31T12:00:00Z\n");

        Assert.Empty(faults);
        Annotation one = Assert.Single(read).Annotation;
        Assert.Equal(["Legal", "-"], one.Labels);
        Assert.Equal("=HYPERLINK()", one.Notes);
        Assert.Equal(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero), one.At);
    }

    [Theory]
    [InlineData("demo,f00,8.3,Ada,Legal,,,2026-01-31T12:00:00Z", "line 2: feature '8.3'")]
    [InlineData("demo,f00,L8-3,,Legal,,,2026-01-31T12:00:00Z", "line 2: annotator ''")]
    [InlineData("demo,,L8-3,Ada,Legal,,,2026-01-31T12:00:00Z", "line 2: no model or sae")]
    [InlineData("demo,f00,L8-3,Ada,Legal,2,,2026-01-31T12:00:00Z", "line 2: confidence '2'")]
    [InlineData("demo,f00,L8-3,Ada,Legal,,,yesterday", "line 2: at 'yesterday'")]
    [InlineData("demo,f00,L8-3", "line 2: expected 8 fields")]
    public void Read_OfABrokenRow_SaysWhichAndKeepsTheOthers(string row, string said)
    {
        (ImmutableArray<AnnotationRevision> read, ImmutableArray<string> faults) = Read(Header + row + "\ndemo,f00,L8-4,Ada,Legal,,,2026-01-31T12:00:00Z\n");

        Assert.StartsWith(said, Assert.Single(faults), StringComparison.Ordinal);
        Assert.Single(read);
    }

    [Theory]
    [InlineData("0,", "line 2: revision '0'")]
    [InlineData("2,then", "line 2: undone_at 'then'")]
    public void Read_OfABrokenHistory_SaysWhich(string end, string said)
    {
        (ImmutableArray<AnnotationRevision> read, ImmutableArray<string> faults) = Read(
            Header.TrimEnd() + ",revision,undone_at\ndemo,f00,L8-3,Ada,Legal,,,2026-01-31T12:00:00Z," + end + "\n");

        Assert.StartsWith(said, Assert.Single(faults), StringComparison.Ordinal);
        Assert.Empty(read);
    }

    [Fact]
    public void Read_WithoutAColumn_NamesIt() =>
        Assert.Contains("no column annotator, at", Assert.Throws<PipelineException>(() => Read("model,sae,feature,label\ndemo,f00,L8-3,Legal\n")).Message, StringComparison.Ordinal);

    private (ImmutableArray<AnnotationRevision> Annotations, ImmutableArray<string> Faults) Read(string text)
    {
        string path = _folder.File("annotations.csv");
        File.WriteAllText(path, text);
        return AnnotationFile.Read(path);
    }

    private static string Text(Annotation a) => $"{a.Key} {string.Join('|', a.Labels)} {a.Notes} {a.Confidence} {a.At:O}";

    private static Annotation Annotation(Engine.FeatureId feature, string annotator, ImmutableArray<string> labels, string notes, double? confidence) => new()
    {
        Key = new AnnotationKey("demo", "f00", feature, annotator),
        Labels = labels,
        Notes = notes,
        Confidence = confidence,
        At = new DateTimeOffset(2026, 1, 31, 12, 0, 0, 250, TimeSpan.Zero),
    };
}
