using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>A study as it stands.</summary>
/// <param name="Study">What is annotated.</param>
/// <param name="Roster">Who takes part.</param>
/// <param name="Sheets">What each annotator did, by number.</param>
public sealed record HumanStudyState(HumanStudy Study, HumanStudyRoster Roster, ImmutableSortedDictionary<int, AnswerSheet> Sheets)
{
    /// <summary>Whether no more answers are taken, and labels by activation may be looked at.</summary>
    public bool Closed => Roster.ClosedAt is not null;

    /// <summary>What an annotator did.</summary>
    public AnswerSheet Sheet(int annotator) => Sheets.GetValueOrDefault(annotator, AnswerSheet.Empty);

    /// <summary>How far each annotator is.</summary>
    public ImmutableArray<AnnotatorProgress> Progress =>
    [
        .. Roster.Annotators.Select(a =>
        {
            ImmutableArray<StudyAnswer> answers = Sheet(a.Number).Answers();
            return new AnnotatorProgress(a, answers.Length, Study.Items.Length, answers.IsEmpty ? null : answers.Max(s => s.At));
        }),
    ];

    internal AnnotatorView ViewOf(Annotator annotator)
    {
        AnswerSheet sheet = Sheet(annotator.Number);
        ImmutableArray<StudyAnswer> answers = sheet.Answers();
        HashSet<string> done = [.. answers.Select(a => a.Item)];
        StudyItem? next = Closed ? null : AnnotationOrder.For(Study, annotator.Number).FirstOrDefault(i => !done.Contains(i.Id));
        return new AnnotatorView
        {
            Title = Study.Title,
            Annotator = annotator.Name,
            Labels = Study.Labels,
            Answered = answers.Length,
            Total = Study.Items.Length,
            Closed = Closed,
            Card = next is null ? null : new BlindCard(next.Id, next.Explanation, next.Examples, Chosen(sheet, next.Id)),
        };
    }

    private static ImmutableArray<string>? Chosen(AnswerSheet sheet, string item) =>
        sheet.Events.Any(e => e.Item == item) ? sheet.TakenBack(item) : null;
}

/// <summary>How far an annotator is.</summary>
/// <param name="Annotator">Who.</param>
/// <param name="Answered">Items answered.</param>
/// <param name="Total">All items.</param>
/// <param name="LastAt">Time of the newest answer, or null.</param>
public sealed record AnnotatorProgress(Annotator Annotator, int Answered, int Total, DateTimeOffset? LastAt)
{
    /// <summary>Whether all items are answered.</summary>
    public bool Finished => Answered == Total;
}

/// <summary>A new invitation. The token is not kept: whoever loses the link needs another one.</summary>
/// <param name="Annotator">Who.</param>
/// <param name="Token">Part of the link.</param>
public sealed record Invitation(Annotator Annotator, string Token);
