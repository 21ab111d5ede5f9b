using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>One thing that an annotator did.</summary>
/// <param name="Item">The item.</param>
/// <param name="Labels">The labels chosen, empty for "None"; null: the answer was taken back.</param>
/// <param name="At">UTC time.</param>
/// <param name="Seconds">Seconds that the item was looked at, or null where that is not known.</param>
public sealed record SheetEvent(string Item, ImmutableArray<string>? Labels, DateTimeOffset At, double? Seconds = null);

/// <summary>An answer that stands.</summary>
/// <param name="Item">The item.</param>
/// <param name="Labels">The labels, empty for "None".</param>
/// <param name="At">UTC time.</param>
/// <param name="Seconds">Seconds that the item was looked at, or null.</param>
/// <param name="Revisions">Answers to the item, this one and those taken back.</param>
public sealed record StudyAnswer(string Item, ImmutableArray<string> Labels, DateTimeOffset At, double? Seconds, int Revisions);

/// <summary>All that an annotator did, oldest first: nothing is ever removed from it.</summary>
/// <param name="Events">The events.</param>
public sealed record AnswerSheet(ImmutableArray<SheetEvent> Events)
{
    /// <summary>Of someone who has not begun.</summary>
    public static AnswerSheet Empty { get; } = new(ImmutableArray<SheetEvent>.Empty);

    /// <summary>The answers that stand, in the order in which they were given.</summary>
    public ImmutableArray<StudyAnswer> Answers()
    {
        List<StudyAnswer> standing = [];
        Dictionary<string, int> revisions = new(StringComparer.Ordinal);
        foreach (SheetEvent e in Events)
        {
            standing.RemoveAll(a => a.Item == e.Item);
            if (e.Labels is not { } labels)
                continue;
            int number = revisions[e.Item] = revisions.GetValueOrDefault(e.Item) + 1;
            standing.Add(new StudyAnswer(e.Item, labels, e.At, e.Seconds, number));
        }
        return [.. standing];
    }

    /// <summary>The labels that an item had before they were taken back, or empty.</summary>
    public ImmutableArray<string> TakenBack(string item) => Events.LastOrDefault(e => e.Item == item && e.Labels is not null)?.Labels ?? [];
}
