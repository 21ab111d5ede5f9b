using System.Collections.Immutable;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Ports;

/// <summary>What an annotation is about, and whose it is: each annotator has one current annotation of a feature.</summary>
/// <param name="Model">A configured model's name.</param>
/// <param name="Sae">Name or fingerprint of the SAE.</param>
/// <param name="Feature">The feature.</param>
/// <param name="Annotator">Who annotates.</param>
public sealed record AnnotationKey(string Model, string Sae, FeatureId Feature, string Annotator);

/// <summary>What an annotator says of a feature.</summary>
public sealed record Annotation
{
    /// <summary>What it is about, and whose it is.</summary>
    public required AnnotationKey Key { get; init; }

    /// <summary>Labels of the codebook; none means that the annotator withdrew them.</summary>
    public ImmutableArray<string> Labels { get; init; } = [];

    /// <summary>Free notes.</summary>
    public string Notes { get; init; } = "";

    /// <summary>Confidence, 0–1, or null.</summary>
    public double? Confidence { get; init; }

    /// <summary>UTC time.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>One step of an annotation's history.</summary>
/// <param name="Number">1 for the first.</param>
/// <param name="Annotation">What was said.</param>
/// <param name="UndoneAt">When it was undone, or null.</param>
public sealed record AnnotationRevision(int Number, Annotation Annotation, DateTimeOffset? UndoneAt);

/// <summary>Which annotations to list.</summary>
public sealed record AnnotationQuery
{
    /// <summary>Only this model.</summary>
    public string? Model { get; init; }

    /// <summary>Only this SAE.</summary>
    public string? Sae { get; init; }

    /// <summary>Only this feature.</summary>
    public FeatureId? Feature { get; init; }

    /// <summary>Only this annotator.</summary>
    public string? Annotator { get; init; }

    /// <summary>Only those with this label.</summary>
    public string? Label { get; init; }
}

/// <summary>Annotations with their history. A task that completes means that the write is on disk.</summary>
public interface IAnnotationStore
{
    /// <summary>Grows with every change: what was read under the same number is still so.</summary>
    long Version { get; }

    /// <summary>Annotations changed; raised on any thread, after the write.</summary>
    event Action? Changed;

    /// <summary>Adds a revision for each: all of them, or none if one is refused.</summary>
    /// <exception cref="StoreException">A confidence is not within 0–1.</exception>
    Task SaveAsync(IReadOnlyCollection<Annotation> annotations, CancellationToken cancellation = default);

    /// <summary>Adds revisions from elsewhere, in their order, after those that are here; those that were undone stay so. All of them, or none.</summary>
    /// <param name="revisions">Their numbers are given anew.</param>
    /// <param name="cancellation">Gives up before anything is written.</param>
    /// <exception cref="StoreException">A confidence is not within 0–1.</exception>
    Task SaveAsync(IReadOnlyCollection<AnnotationRevision> revisions, CancellationToken cancellation = default);

    /// <summary>Takes the newest revision back, which stays in the history as undone; what is current now, or null.</summary>
    Task<Annotation?> UndoAsync(AnnotationKey key, CancellationToken cancellation = default);

    /// <summary>The current annotations, by layer, index and annotator.</summary>
    ImmutableArray<Annotation> List(AnnotationQuery query);

    /// <summary>All revisions of one annotation, oldest first.</summary>
    ImmutableArray<AnnotationRevision> History(AnnotationKey key);

    /// <summary>All revisions of all annotations that match, undone ones too: by layer, index, SAE, annotator and number.</summary>
    ImmutableArray<AnnotationRevision> History(AnnotationQuery query);
}
