using System.Collections.Immutable;
using LiteDB;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Store;

/// <summary>Annotations in LiteDB: a document a revision; the newest that is not undone is marked as current.</summary>
public sealed class LiteAnnotationStore(LiteStore store) : IAnnotationStore
{
    internal const string Collection = "annotations";
    private long _version;

    /// <inheritdoc/>
    public event Action? Changed;

    /// <inheritdoc/>
    public long Version => Interlocked.Read(ref _version);

    /// <inheritdoc/>
    public Task SaveAsync(IReadOnlyCollection<Annotation> annotations, CancellationToken cancellation = default) =>
        SaveAsync([.. annotations.Select(a => new AnnotationRevision(0, a, null))], cancellation);

    /// <inheritdoc/>
    public async Task SaveAsync(IReadOnlyCollection<AnnotationRevision> revisions, CancellationToken cancellation = default)
    {
        if (revisions.Select(r => r.Annotation).FirstOrDefault(a => a.Confidence is { } c && !(c >= 0 && c <= 1)) is { } wrong)
            throw new StoreException($"annotation of {wrong.Key.Feature} by {wrong.Key.Annotator}: confidence {wrong.Confidence} is not within 0 and 1");

        await store.WriteAsync(db =>
        {
            ILiteCollection<BsonDocument> kept = Revisions(db);
            foreach (AnnotationRevision revision in revisions)
            {
                List<BsonDocument> history = HistoryOf(kept, revision.Annotation.Key);
                if (revision.UndoneAt is null)
                    SetCurrent(kept, history, null);
                kept.Insert(ToDocument(revision, history.Count + 1));
            }

            return revisions.Count;
        }, cancellation).ConfigureAwait(false);
        Raise();
    }

    /// <inheritdoc/>
    public async Task<Annotation?> UndoAsync(AnnotationKey key, CancellationToken cancellation = default)
    {
        Annotation? now = await store.WriteAsync(db => Undo(db, key), cancellation).ConfigureAwait(false);
        Raise();
        return now;
    }

    private Annotation? Undo(ILiteDatabase db, AnnotationKey key)
    {
        ILiteCollection<BsonDocument> revisions = Revisions(db);
        List<BsonDocument> history = HistoryOf(revisions, key);
        if (history.LastOrDefault(r => r["UndoneAt"].IsNull) is { } newest)
        {
            newest["UndoneAt"] = Columns.Time(store.Time.GetUtcNow());
            revisions.Update(newest);
        }

        BsonDocument? current = history.LastOrDefault(r => r["UndoneAt"].IsNull);
        SetCurrent(revisions, history, current);
        return current is null ? null : ToAnnotation(current);
    }

    /// <inheritdoc/>
    public ImmutableArray<Annotation> List(AnnotationQuery query) => store.Read<ImmutableArray<Annotation>>(db =>
        [.. Revisions(db).Find(Query.EQ("IsCurrent", true)).ToList()
            .Select(ToAnnotation)
            .Where(a => Matches(a, query))
            .OrderBy(a => a.Key.Feature).ThenBy(a => a.Key.Annotator, StringComparer.Ordinal)]);

    /// <inheritdoc/>
    public ImmutableArray<AnnotationRevision> History(AnnotationKey key) => store.Read<ImmutableArray<AnnotationRevision>>(db =>
        [.. HistoryOf(Revisions(db), key).Select(ToRevision)]);

    /// <inheritdoc/>
    public ImmutableArray<AnnotationRevision> History(AnnotationQuery query) => store.Read<ImmutableArray<AnnotationRevision>>(db =>
        [.. Revisions(db).FindAll().ToList()
            .Select(ToRevision)
            .Where(r => Matches(r.Annotation, query))
            .OrderBy(r => r.Annotation.Key.Feature).ThenBy(r => r.Annotation.Key.Sae, StringComparer.Ordinal)
            .ThenBy(r => r.Annotation.Key.Annotator, StringComparer.Ordinal).ThenBy(r => r.Number)]);

    private static bool Matches(Annotation a, AnnotationQuery query) =>
        (query.Model is null || a.Key.Model == query.Model)
        && (query.Sae is null || a.Key.Sae == query.Sae)
        && (query.Feature is null || a.Key.Feature == query.Feature)
        && (query.Annotator is null || a.Key.Annotator == query.Annotator)
        && (query.Label is null || a.Labels.Contains(query.Label));

    private void Raise()
    {
        Interlocked.Increment(ref _version);
        Changed?.Invoke();
    }

    private static ILiteCollection<BsonDocument> Revisions(ILiteDatabase db) => db.GetCollection(Collection);

    private static string KeyOf(AnnotationKey key) => StoreKey.For(key.Model, key.Sae, key.Feature.ToString(), key.Annotator);

    private static List<BsonDocument> HistoryOf(ILiteCollection<BsonDocument> revisions, AnnotationKey key)
    {
        string prefix = KeyOf(key) + "#";
        return [.. revisions.Find(Query.And(Query.GTE("_id", prefix), Query.LT("_id", prefix + "~"))).ToList().OrderBy(r => r["Number"].AsInt32)];
    }

    private static void SetCurrent(ILiteCollection<BsonDocument> revisions, List<BsonDocument> history, BsonDocument? current)
    {
        foreach (BsonDocument revision in history.Where(r => r["IsCurrent"].AsBoolean != ReferenceEquals(r, current)))
        {
            revision["IsCurrent"] = ReferenceEquals(revision, current);
            revisions.Update(revision);
        }
    }

    private static BsonDocument ToDocument(AnnotationRevision revision, int number)
    {
        Annotation annotation = revision.Annotation;
        return new()
        {
            ["_id"] = $"{KeyOf(annotation.Key)}#{number:D6}",
            ["Number"] = number,
            ["IsCurrent"] = revision.UndoneAt is null,
            ["Model"] = Columns.Text(annotation.Key.Model),
            ["Sae"] = Columns.Text(annotation.Key.Sae),
            ["Feature"] = annotation.Key.Feature.ToString(),
            ["Annotator"] = Columns.Text(annotation.Key.Annotator),
            ["Labels"] = new BsonArray(annotation.Labels.Select(l => Columns.Text(l))),
            ["Notes"] = Columns.Text(annotation.Notes),
            ["Confidence"] = annotation.Confidence is { } confidence ? confidence : BsonValue.Null,
            ["At"] = Columns.Time(annotation.At),
            ["UndoneAt"] = revision.UndoneAt is { } undone ? Columns.Time(undone) : BsonValue.Null,
        };
    }

    private static AnnotationRevision ToRevision(BsonDocument document) => new(
        document["Number"].AsInt32, ToAnnotation(document), document["UndoneAt"].IsNull ? null : Columns.Time(document["UndoneAt"]));

    private static Annotation ToAnnotation(BsonDocument document) => new()
    {
        Key = new AnnotationKey(Columns.Text(document["Model"]), Columns.Text(document["Sae"]),
            FeatureId.Parse(document["Feature"].AsString), Columns.Text(document["Annotator"])),
        Labels = [.. document["Labels"].AsArray.Select(Columns.Text)],
        Notes = Columns.Text(document["Notes"]),
        Confidence = document["Confidence"].IsNull ? null : document["Confidence"].AsDouble,
        At = Columns.Time(document["At"]),
    };
}
