using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using LiteDB;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Store;

/// <summary>JSON documents in LiteDB.</summary>
public sealed class LiteDocumentStore(LiteStore store) : IDocumentStore
{
    internal const string Collection = "documents";

    /// <inheritdoc/>
    public Task PutAsync(string collection, string key, string json, CancellationToken cancellation = default)
    {
        Payload.Packed packed = Payload.Pack($"{collection}/{key}", json, store.MaximumPayloadLength);
        return store.WriteAsync(db =>
        {
            var document = new BsonDocument
            {
                ["_id"] = StoreKey.For(collection, key),
                ["CollectionKey"] = StoreKey.For(collection),
                ["Key"] = Columns.Text(key),
            };
            Payload.Write(db, Collection, document, packed);
            ILiteCollection<BsonDocument> documents = db.GetCollection(Collection);
            documents.EnsureIndex("CollectionKey");
            return documents.Upsert(document);
        }, cancellation);
    }

    /// <inheritdoc/>
    public bool TryGet(string collection, string key, [NotNullWhen(true)] out string? json)
    {
        json = store.Read(db => db.GetCollection(Collection).FindById(StoreKey.For(collection, key)) is { } document
            ? Payload.Read(db, Collection, document)
            : null);
        return json is not null;
    }

    /// <inheritdoc/>
    public ImmutableArray<string> Keys(string collection) => store.Read<ImmutableArray<string>>(db =>
        [.. db.GetCollection(Collection).Find(Query.EQ("CollectionKey", StoreKey.For(collection))).ToList()
            .Select(d => Columns.Text(d["Key"])).Order(StringComparer.Ordinal)]);

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string collection, string key, CancellationToken cancellation = default) => store.WriteAsync(db =>
    {
        Payload.Delete(db, Collection, StoreKey.For(collection, key));
        return db.GetCollection(Collection).Delete(StoreKey.For(collection, key));
    }, cancellation);
}
