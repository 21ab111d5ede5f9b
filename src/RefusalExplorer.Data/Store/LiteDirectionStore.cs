using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using LiteDB;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Store;

/// <summary>Directions in LiteDB, vectors as bytes.</summary>
public sealed class LiteDirectionStore(LiteStore store) : IDirectionStore
{
    internal const string Collection = "directions";

    /// <inheritdoc/>
    public Task SaveAsync(StoredDirection direction, CancellationToken cancellation = default)
    {
        Payload.Packed packed = Payload.Pack($"direction {direction.Id}", direction.Metadata, store.MaximumPayloadLength);
        return store.WriteAsync(db =>
        {
            var document = new BsonDocument
            {
                ["_id"] = StoreKey.For(direction.Id),
                ["Id"] = Columns.Text(direction.Id),
                ["Model"] = Columns.Text(direction.Model),
                ["Hook"] = Columns.Text(direction.Hook),
                ["Position"] = direction.Position is { } position ? position : BsonValue.Null,
                ["CreatedAt"] = Columns.Time(direction.CreatedAt),
                ["Vector"] = Columns.Vector(direction.Vector),
            };
            Payload.Write(db, Collection, document, packed);
            return db.GetCollection(Collection).Upsert(document);
        }, cancellation);
    }

    /// <inheritdoc/>
    public bool TryGet(string id, [NotNullWhen(true)] out StoredDirection? direction)
    {
        direction = store.Read(db => db.GetCollection(Collection).FindById(StoreKey.For(id)) is { } document ? ToDirection(db, document) : null);
        return direction is not null;
    }

    /// <inheritdoc/>
    public ImmutableArray<StoredDirection> List(string? model = null) => store.Read<ImmutableArray<StoredDirection>>(db =>
        [.. db.GetCollection(Collection).FindAll().ToList()
            .Where(d => model is null || Columns.Text(d["Model"]) == model)
            .OrderByDescending(d => d["CreatedAt"].AsInt64)
            .Select(d => ToDirection(db, d))]);

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string id, CancellationToken cancellation = default) => store.WriteAsync(db =>
    {
        Payload.Delete(db, Collection, StoreKey.For(id));
        return db.GetCollection(Collection).Delete(StoreKey.For(id));
    }, cancellation);

    private static StoredDirection ToDirection(ILiteDatabase db, BsonDocument document) => new()
    {
        Id = Columns.Text(document["Id"]),
        Model = Columns.Text(document["Model"]),
        Hook = Columns.Text(document["Hook"]),
        Position = document["Position"].IsNull ? null : document["Position"].AsInt32,
        CreatedAt = Columns.Time(document["CreatedAt"]),
        Vector = Columns.Vector(document["Vector"]),
        Metadata = Payload.Read(db, Collection, document),
    };
}
