using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Pipeline.Annotations;

/// <summary>What an import did.</summary>
/// <param name="Added">Annotations that were added and not undone.</param>
/// <param name="Known">Those that were here already.</param>
/// <param name="Older">Those left out since the annotator said something later here.</param>
/// <param name="Faults">Rows that could not be read, one line each.</param>
public sealed record AnnotationImportReport(int Added, int Known, int Older, ImmutableArray<string> Faults)
{
    /// <summary>Undone ones that were added to the history.</summary>
    public int History { get; init; }
}

/// <summary>Takes annotations from elsewhere over, with their annotators and times.</summary>
public sealed class AnnotationImport(IAnnotationStore store)
{
    /// <summary>Adds them; importing a file twice changes nothing.</summary>
    /// <param name="revisions">
    /// In any order; several of one feature and annotator are taken in the order of their numbers and times. Those that were undone come in as
    /// history, and none of them takes the place of what is said now.
    /// </param>
    /// <param name="faults">What could not be read, for the report.</param>
    /// <param name="cancellation">Stops before anything is written.</param>
    /// <exception cref="StoreException">The disk is full.</exception>
    public async Task<AnnotationImportReport> SaveAsync(
        IEnumerable<AnnotationRevision> revisions, IEnumerable<string> faults, CancellationToken cancellation = default)
    {
        var added = new List<AnnotationRevision>();
        int known = 0, older = 0;
        foreach (IGrouping<AnnotationKey, AnnotationRevision> group in revisions.GroupBy(r => r.Annotation.Key))
        {
            ImmutableArray<AnnotationRevision> history = store.History(group.Key);
            DateTimeOffset latest = history.Where(r => r.UndoneAt is null).Select(r => r.Annotation.At).DefaultIfEmpty(DateTimeOffset.MinValue).Max();
            foreach (AnnotationRevision revision in group.OrderBy(r => r.Number).ThenBy(r => r.Annotation.At))
            {
                if (history.Any(r => r.UndoneAt.HasValue == revision.UndoneAt.HasValue && Same(r.Annotation, revision.Annotation)))
                    known++;
                else if (revision.Annotation.At <= latest)
                    older++;
                else
                    added.Add(revision);
            }
        }
        if (added.Count > 0)
            await store.SaveAsync(added, cancellation).ConfigureAwait(false);
        return new AnnotationImportReport(added.Count(r => r.UndoneAt is null), known, older, [.. faults]) { History = added.Count(r => r.UndoneAt is not null) };
    }

    // Files keep milliseconds.
    private static bool Same(Annotation a, Annotation b) =>
        a.At.ToUnixTimeMilliseconds() == b.At.ToUnixTimeMilliseconds() && a.Notes == b.Notes && a.Confidence == b.Confidence && a.Labels.SequenceEqual(b.Labels);
}
