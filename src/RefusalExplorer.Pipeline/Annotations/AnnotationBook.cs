using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Features;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Pipeline.Annotations;

/// <summary>What an annotator is about to say.</summary>
/// <param name="Labels">Labels.</param>
/// <param name="Notes">Free notes; null leaves a feature's notes as they are.</param>
/// <param name="Confidence">0–1, or null.</param>
public sealed record AnnotationDraft(ImmutableArray<string> Labels, string? Notes = null, double? Confidence = null);

/// <summary>What was undone.</summary>
/// <param name="At">UTC time of the step that was taken back.</param>
/// <param name="Features">Its features.</param>
public sealed record UndoneStep(DateTimeOffset At, ImmutableArray<FeatureId> Features);

/// <summary>Annotations of models' features: what there is, from memory, and new ones, one feature or many in one step.</summary>
public sealed class AnnotationBook(IAnnotationStore store, TimeProvider time)
{
    /// <summary>Longest name of an annotator.</summary>
    public const int LongestName = 60;

    /// <summary>Longest notes.</summary>
    public const int LongestNotes = 4000;

    private volatile Kept? _kept;

    /// <summary>Annotations changed; raised on any thread.</summary>
    public event Action? Changed
    {
        add => store.Changed += value;
        remove => store.Changed -= value;
    }

    /// <summary>What is said of a model's features now.</summary>
    public AnnotationTable Of(string model, FeatureColumns columns)
    {
        long version = store.Version;
        if (_kept is { } kept && kept.Model == model && kept.Columns == columns && kept.Version == version)
            return kept.Table;
        var table = new AnnotationTable(store.List(new AnnotationQuery { Model = model }), columns);
        _kept = new Kept(model, columns, version, table);
        return table;
    }

    /// <summary>All that an annotator said of a feature, oldest first.</summary>
    public ImmutableArray<AnnotationRevision> History(AnnotationKey key) => store.History(key);

    /// <summary>All that is said of a model's features now, also of SAEs that do not run; by feature, then annotator.</summary>
    public ImmutableArray<Annotation> Current(string model) => [.. store.List(new AnnotationQuery { Model = model }).Where(a => !AnnotationTable.IsEmpty(a))];

    /// <summary>All that anybody ever said of a model's features, or of one: withdrawn, undone and of other SAEs too.</summary>
    public ImmutableArray<AnnotationRevision> History(string model, FeatureId? feature = null) =>
        store.History(new AnnotationQuery { Model = model, Feature = feature });

    /// <summary>Says the same of some features, in one step.</summary>
    /// <exception cref="PipelineException">The annotator has no name, or the notes are too long.</exception>
    /// <exception cref="StoreException">A confidence is not within 0–1, or the disk is full.</exception>
    public Task SaveAsync(
        string model, FeatureColumns columns, IReadOnlyCollection<FeatureId> features, string annotator, AnnotationDraft draft,
        CancellationToken cancellation = default)
    {
        annotator = annotator.Trim();
        if (annotator.Length is 0 or > LongestName)
            throw new PipelineException($"annotation: the annotator's name has {annotator.Length} characters; expected 1 to {LongestName}: fill in your name first");
        if (draft.Notes?.Length > LongestNotes)
            throw new PipelineException($"annotation: the notes have {draft.Notes.Length} characters; expected at most {LongestNotes}");
        AnnotationTable table = Of(model, columns);
        // One time for the whole step: it is undone as a whole. The store keeps milliseconds.
        DateTimeOffset now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        return store.SaveAsync(
            [
                .. features.Select(feature => new Annotation
                {
                    Key = new AnnotationKey(model, Sae(columns, feature), feature, annotator),
                    Labels = draft.Labels,
                    Notes = draft.Notes ?? table.Of(feature, annotator)?.Notes ?? "",
                    Confidence = draft.Confidence,
                    At = now,
                }),
            ],
            cancellation);
    }

    /// <summary>Takes an annotator's latest step back, all its features; null where there is none.</summary>
    public async Task<UndoneStep?> UndoAsync(string model, string annotator, CancellationToken cancellation = default)
    {
        ImmutableArray<Annotation> own = store.List(new AnnotationQuery { Model = model, Annotator = annotator.Trim() });
        if (own.IsEmpty)
            return null;
        DateTimeOffset latest = own.Max(a => a.At);
        Annotation[] step = [.. own.Where(a => a.At == latest)];
        foreach (Annotation annotation in step)
            await store.UndoAsync(annotation.Key, cancellation).ConfigureAwait(false);
        return new UndoneStep(latest, [.. step.Select(a => a.Key.Feature)]);
    }

    /// <summary>Takes the latest of one feature's annotations by one annotator back; what is said then, or null.</summary>
    public Task<Annotation?> UndoAsync(AnnotationKey key, CancellationToken cancellation = default) => store.UndoAsync(key, cancellation);

    private static string Sae(FeatureColumns columns, FeatureId feature) => columns.Row(feature) >= 0
        ? columns.Sae(feature.Layer)!
        : throw new PipelineException($"{feature}: the model has no such feature; it has SAEs at layers {string.Join(", ", columns.Layers.Select(l => l.Layer))}");

    private sealed record Kept(string Model, FeatureColumns Columns, long Version, AnnotationTable Table);
}
