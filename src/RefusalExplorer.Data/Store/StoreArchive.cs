using System.Text.Json;
using System.Text.Json.Nodes;
using LiteDB;
using RefusalExplorer.Pipeline.Ports;
using BsonJson = LiteDB.JsonSerializer;

namespace RefusalExplorer.Data.Store;

/// <summary>
/// The store as JSON lines, readable without this program: <c>{"collection", "document", "payload"}</c>, the payload as the JSON text that was
/// saved. Explanations are not in it: they are imported from files that are archives themselves.
/// </summary>
public sealed class StoreArchive(LiteStore store)
{
    private const int BatchSize = 200;

    // "annotations" has no payloads; the "payloads" collection is inlined.
    private static readonly string[] Collections =
        [LiteRunStore.Collection, LiteDirectionStore.Collection, LiteAnnotationStore.Collection, LiteDocumentStore.Collection];

    /// <summary>Writes every document; how many there were.</summary>
    public async Task<int> ExportAsync(TextWriter writer, CancellationToken cancellation = default)
    {
        int count = 0;
        foreach (string collection in Collections)
        {
            List<BsonValue> ids = store.Read(db => db.GetCollection(collection).Query().Select("_id").ToList().ConvertAll(d => d["_id"]));
            foreach (BsonValue id in ids)
            {
                cancellation.ThrowIfCancellationRequested();
                if (store.Read(db => Line(db, collection, id)) is not { } line)
                    continue;
                await writer.WriteLineAsync(line.AsMemory(), cancellation).ConfigureAwait(false);
                count++;
            }
        }

        return count;
    }

    /// <summary>Adds or replaces every document of an archive; how many there were.</summary>
    /// <exception cref="StoreException">A line is not one of an archive; those before it are restored, in batches of 200.</exception>
    public async Task<int> RestoreAsync(TextReader reader, CancellationToken cancellation = default)
    {
        var batch = new List<(string Collection, BsonDocument Document, Payload.Packed? Packed)>();
        int count = 0;
        while (await reader.ReadLineAsync(cancellation).ConfigureAwait(false) is { } line)
        {
            count++;
            batch.Add(Parse(line, count));
            if (batch.Count == BatchSize)
                await FlushAsync(batch, cancellation).ConfigureAwait(false);
        }

        await FlushAsync(batch, cancellation).ConfigureAwait(false);
        return count;
    }

    private static string? Line(ILiteDatabase db, string collection, BsonValue id)
    {
        if (db.GetCollection(collection).FindById(id) is not { } document)
            return null;
        string? payload = document.ContainsKey("Chunks") ? SafeText.Escape(Payload.Read(db, collection, document)) : null;
        document.Remove("Chunks");
        document.Remove("Hash");
        return new JsonObject
        {
            ["collection"] = collection,
            ["document"] = JsonNode.Parse(BsonJson.Serialize(document)),
            ["payload"] = payload,
        }.ToJsonString();
    }

    private (string, BsonDocument, Payload.Packed?) Parse(string line, int number)
    {
        try
        {
            JsonNode node = JsonNode.Parse(line) ?? throw new JsonException("null");
            string collection = (string?)node["collection"] ?? "";
            BsonDocument document = BsonJson.Deserialize(node["document"]?.ToJsonString() ?? "").AsDocument;
            if (!Collections.Contains(collection) || document is null || !document["_id"].IsString)
                throw new JsonException("no known collection and document");
            Payload.Packed? packed = (string?)node["payload"] is { } payload
                ? Payload.Pack($"archive line {number}", SafeText.Unescape(payload), store.MaximumPayloadLength)
                : null;
            return (collection, document, packed);
        }
        catch (Exception e) when (e is JsonException or LiteException or InvalidOperationException or FormatException)
        {
            throw new StoreException($"archive line {number}: expected an object with collection, document and payload ({e.Message})", e);
        }
    }

    private async Task FlushAsync(List<(string Collection, BsonDocument Document, Payload.Packed? Packed)> batch, CancellationToken cancellation)
    {
        var rows = batch.ToArray();
        batch.Clear();
        await store.WriteAsync(db =>
        {
            foreach ((string collection, BsonDocument document, Payload.Packed? packed) in rows)
            {
                if (packed is not null)
                    Payload.Write(db, collection, document, packed);
                db.GetCollection(collection).Upsert(document);
            }

            return rows.Length;
        }, cancellation).ConfigureAwait(false);
    }
}
