using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using LiteDB;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Store;

/// <summary>Long text beside a document: compressed, in chunks far under LiteDB's 16 MB, checked by hash when it is read.</summary>
internal static class Payload
{
    public const string Collection = "payloads";
    private const int ChunkBytes = 1 << 20;

    public sealed record Packed(byte[] Bytes, byte[] Hash);

    /// <summary>Compresses; done by the caller's thread, so that the writer thread only writes.</summary>
    /// <exception cref="StoreException">The text is longer than allowed.</exception>
    public static Packed Pack(string what, string text, int maximumLength)
    {
        if (text.Length > maximumLength)
            throw new StoreException($"{what}: its JSON has {text.Length:N0} characters, the store takes {maximumLength:N0}: split it, or raise Store:MaximumPayloadLength");

        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (var writer = new StreamWriter(brotli, new UTF8Encoding(false)))
            writer.Write(SafeText.Escape(text));
        byte[] bytes = packed.ToArray();
        return new Packed(bytes, SHA256.HashData(bytes));
    }

    /// <summary>Replaces the chunks of <paramref name="owner"/>; the document keeps <c>Chunks</c> and <c>Hash</c>.</summary>
    public static void Write(ILiteDatabase db, string collection, BsonDocument owner, Packed packed)
    {
        Delete(db, collection, owner["_id"].AsString);
        ILiteCollection<BsonDocument> chunks = db.GetCollection(Collection);
        int count = 0;
        foreach (byte[] chunk in packed.Bytes.Chunk(ChunkBytes))
            chunks.Insert(new BsonDocument { ["_id"] = ChunkId(collection, owner["_id"].AsString, count++), ["Data"] = chunk });
        owner["Chunks"] = count;
        owner["Hash"] = packed.Hash;
    }

    /// <exception cref="StoreException">A chunk is missing or its bytes changed.</exception>
    public static string Read(ILiteDatabase db, string collection, BsonDocument owner)
    {
        string id = owner["_id"].AsString;
        ILiteCollection<BsonDocument> chunks = db.GetCollection(Collection);
        using var packed = new MemoryStream();
        for (int i = 0; i < owner["Chunks"].AsInt32; i++)
        {
            BsonDocument chunk = chunks.FindById(ChunkId(collection, id, i)) ?? throw Damaged(collection, id);
            packed.Write(chunk["Data"].AsBinary);
        }

        if (!SHA256.HashData(packed.GetBuffer().AsSpan(0, (int)packed.Length)).AsSpan().SequenceEqual(owner["Hash"].AsBinary))
            throw Damaged(collection, id);
        packed.Position = 0;
        using var brotli = new BrotliStream(packed, CompressionMode.Decompress);
        using var reader = new StreamReader(brotli, new UTF8Encoding(false));
        return SafeText.Unescape(reader.ReadToEnd());
    }

    public static void Delete(ILiteDatabase db, string collection, string id)
    {
        ILiteCollection<BsonDocument> chunks = db.GetCollection(Collection);
        for (int i = 0; chunks.Delete(ChunkId(collection, id, i)); i++)
        {
        }
    }

    private static string ChunkId(string collection, string id, int number) => $"{collection}/{id}/{number:D6}";

    private static StoreException Damaged(string collection, string id) =>
        new($"{collection}/{id}: its stored bytes are damaged: restore a backup, or delete it");
}
