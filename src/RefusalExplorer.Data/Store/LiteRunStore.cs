using System.Diagnostics.CodeAnalysis;
using LiteDB;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Store;

/// <summary>Runs in LiteDB: a small document for lists, its payload beside it.</summary>
public sealed class LiteRunStore : IRunStore
{
    internal const string Collection = "runs";
    private readonly LiteStore _store;

    private LiteRunStore(LiteStore store) => _store = store;

    /// <summary>Opens the runs; those still marked as running are marked as interrupted, since their process is gone.</summary>
    public static async Task<LiteRunStore> OpenAsync(LiteStore store, CancellationToken cancellation = default)
    {
        await store.WriteAsync(db =>
        {
            ILiteCollection<BsonDocument> runs = db.GetCollection(Collection);
            runs.EnsureIndex("CreatedAt");
            runs.EnsureIndex("Status");
            foreach (BsonDocument run in runs.Find(Query.EQ("Status", nameof(RunStatus.Running))).ToList())
            {
                run["Status"] = nameof(RunStatus.Interrupted);
                run["Reason"] = "the program ended before the run did";
                runs.Update(run);
            }

            return true;
        }, cancellation).ConfigureAwait(false);
        return new LiteRunStore(store);
    }

    /// <inheritdoc/>
    public Task SaveAsync(RunHeader run, string payload, CancellationToken cancellation = default)
    {
        Payload.Packed packed = Payload.Pack($"run {run.Id}", payload, _store.MaximumPayloadLength);
        return _store.WriteAsync(db =>
        {
            BsonDocument document = ToDocument(run);
            Payload.Write(db, Collection, document, packed);
            return db.GetCollection(Collection).Upsert(document);
        }, cancellation);
    }

    /// <inheritdoc/>
    public Task<bool> SetStatusAsync(string id, RunStatus status, string? reason = null, CancellationToken cancellation = default) =>
        _store.WriteAsync(db =>
        {
            ILiteCollection<BsonDocument> runs = db.GetCollection(Collection);
            if (runs.FindById(StoreKey.For(id)) is not { } run)
                return false;
            run["Status"] = status.ToString();
            run["Reason"] = Columns.Text(reason);
            return runs.Update(run);
        }, cancellation);

    /// <inheritdoc/>
    public bool TryGet(string id, [NotNullWhen(true)] out StoredRun? run)
    {
        run = _store.Read(db => db.GetCollection(Collection).FindById(StoreKey.For(id)) is { } document
            ? new StoredRun(ToHeader(document), Payload.Read(db, Collection, document))
            : null);
        return run is not null;
    }

    /// <inheritdoc/>
    public Page<RunHeader> List(RunQuery query) => _store.Read(db =>
    {
        ILiteQueryable<BsonDocument> Matching()
        {
            ILiteQueryable<BsonDocument> runs = db.GetCollection(Collection).Query();
            if (query.Kind is not null)
                runs = runs.Where("Kind = @0", Columns.Text(query.Kind));
            if (query.Model is not null)
                runs = runs.Where("Model = @0", Columns.Text(query.Model));
            if (query.Status is { } status)
                runs = runs.Where("Status = @0", status.ToString());
            return runs;
        }

        List<BsonDocument> rows = Matching().OrderByDescending("CreatedAt").Skip(query.Skip).Limit(query.Take).ToList();
        return new Page<RunHeader>([.. rows.Select(ToHeader)], Matching().LongCount());
    });

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string id, CancellationToken cancellation = default) => _store.WriteAsync(db =>
    {
        Payload.Delete(db, Collection, StoreKey.For(id));
        return db.GetCollection(Collection).Delete(StoreKey.For(id));
    }, cancellation);

    private static BsonDocument ToDocument(RunHeader run) => new()
    {
        ["_id"] = StoreKey.For(run.Id),
        ["Id"] = Columns.Text(run.Id),
        ["Kind"] = Columns.Text(run.Kind),
        ["Model"] = Columns.Text(run.Model),
        ["Title"] = Columns.Text(run.Title),
        ["CreatedAt"] = Columns.Time(run.CreatedAt),
        ["Status"] = run.Status.ToString(),
        ["Reason"] = Columns.Text(run.Reason),
    };

    private static RunHeader ToHeader(BsonDocument document) => new()
    {
        Id = Columns.Text(document["Id"]),
        Kind = Columns.Text(document["Kind"]),
        Model = Columns.Text(document["Model"]),
        Title = Columns.Text(document["Title"]),
        CreatedAt = Columns.Time(document["CreatedAt"]),
        Status = Enum.Parse<RunStatus>(document["Status"].AsString),
        Reason = Columns.TextOrNull(document["Reason"]),
    };
}
