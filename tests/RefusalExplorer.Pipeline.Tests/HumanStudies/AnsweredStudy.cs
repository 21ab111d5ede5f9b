using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.HumanStudies;

namespace RefusalExplorer.Pipeline.Tests.HumanStudies;

/// <summary>A study with everybody's answers written out.</summary>
internal static class AnsweredStudy
{
    /// <summary>A closed study.</summary>
    /// <param name="labels">The study's labels.</param>
    /// <param name="items">Each item's labels by activation.</param>
    /// <param name="answers">[annotator][item]: the labels chosen, "" for none, null where the annotator left the item out.</param>
    public static HumanStudyState Closed(string[] labels, string[] items, string?[][] answers) => Closed(
        labels, [.. items.Select((item, i) => Item(i, ItemKind.Feature, item))], answers);

    public static HumanStudyState Closed(string[] labels, StudyItem[] items, string?[][] answers)
    {
        HumanStudy study = new()
        {
            Id = "s1",
            Title = "A study",
            Model = "demo",
            LabelsFrom = "run1",
            CreatedAt = StudyExample.At,
            Settings = new HumanStudySettings { Seed = 1 },
            Labels = [.. labels],
            Items = [.. items],
        };
        HumanStudyRoster roster = new()
        {
            Annotators = [.. answers.Select((_, a) => new Annotator(a + 1, $"annotator {a + 1}", null, StudyExample.At))],
            ClosedAt = StudyExample.At,
        };
        return new HumanStudyState(study, roster, answers.Index().ToImmutableSortedDictionary(a => a.Index + 1, a => new AnswerSheet(
            [.. a.Item.Index().Where(s => s.Item is not null).Select(s => new SheetEvent(items[s.Index].Id, Split(s.Item!), StudyExample.At.AddSeconds(s.Index), 2 + s.Index))])));
    }

    public static StudyItem Item(int number, ItemKind kind, string labels, string? repeatOf = null) => new()
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"c{number + 1}"),
        Kind = kind,
        Feature = kind == ItemKind.Catch ? null : new FeatureId(1, number),
        Group = labels.Length == 0 ? "none" : "some",
        Labels = Split(labels),
        RepeatOf = repeatOf,
        Examples = [],
    };

    private static ImmutableArray<string> Split(string labels) => [.. labels.Split('+', StringSplitOptions.RemoveEmptyEntries)];
}
