using System.Collections.Immutable;
using LiteDB;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Store;

/// <summary>Annotations in LiteDB: a document a revision; the newest that is not undone is marked as current.</summary>
public sealed class LiteAnnotationStore(LiteStore store) : IAnnotationStore
{
    internal const string Collection = "annotations";

    /// <inheritdoc/>
    public Task SaveAsync(IReadOnlyCollection<Annotation> annotations, CancellationToken cancellation = default)
    {
        if (annotations.FirstOrDefault(a => a.Confidence is { } c && !(c >= 0 && c <= 1)) is { } wrong)
            throw new StoreException($"annotation of {wrong.Key.Feature} by {wrong.Key.Annotator}: confidence {wrong.Confidence} is not within 0 and 1");

        return store.WriteAsync(db =>
        {
            ILiteCollection<BsonDocument> revisions = Revisions(db);
            foreach (Annotation annotation in annotations)
            {
                List<BsonDocument> history = HistoryOf(revisions, annotation.Key);
                SetCurrent(revisions, history, null);
                revisions.Insert(ToDocument(annotation, history.Count + 1));
            }

            return annotations.Count;
        }, cancellation);
    }

    /// <inheritdoc/>
    public Task<Annotation?> UndoAsync(AnnotationKey key, CancellationToken cancellation = default) => store.WriteAsync(db =>
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
    }, cancellation);

    /// <inheritdoc/>
    public ImmutableArray<Annotation> List(AnnotationQuery query) => store.Read<ImmutableArray<Annotation>>(db =>
        [.. Revisions(db).Find(Query.EQ("IsCurrent", true)).ToList()
            .Select(ToAnnotation)
            .Where(a => (query.Model is null || a.Key.Model == query.Model)
                && (query.Sae is null || a.Key.Sae == query.Sae)
                && (query.Feature is null || a.Key.Feature == query.Feature)
                && (query.Annotator is null || a.Key.Annotator == query.Annotator)
                && (query.Label is null || a.Labels.Contains(query.Label)))
            .OrderBy(a => a.Key.Feature).ThenBy(a => a.Key.Annotator, StringComparer.Ordinal)]);

    /// <inheritdoc/>
    public ImmutableArray<AnnotationRevision> History(AnnotationKey key) => store.Read<ImmutableArray<AnnotationRevision>>(db =>
        [.. HistoryOf(Revisions(db), key).Select(r => new AnnotationRevision(
            r["Number"].AsInt32, ToAnnotation(r), r["UndoneAt"].IsNull ? null : Columns.Time(r["UndoneAt"])))]);

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

    private static BsonDocument ToDocument(Annotation annotation, int number) => new()
    {
        ["_id"] = $"{KeyOf(annotation.Key)}#{number:D6}",
        ["Number"] = number,
        ["IsCurrent"] = true,
        ["Model"] = Columns.Text(annotation.Key.Model),
        ["Sae"] = Columns.Text(annotation.Key.Sae),
        ["Feature"] = annotation.Key.Feature.ToString(),
        ["Annotator"] = Columns.Text(annotation.Key.Annotator),
        ["Labels"] = new BsonArray(annotation.Labels.Select(l => Columns.Text(l))),
        ["Notes"] = Columns.Text(annotation.Notes),
        ["Confidence"] = annotation.Confidence is { } confidence ? confidence : BsonValue.Null,
        ["At"] = Columns.Time(annotation.At),
        ["UndoneAt"] = BsonValue.Null,
    };

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
