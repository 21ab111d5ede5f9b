using System.Buffers.Binary;
using LiteDB;

namespace RefusalExplorer.Data.Store;

/// <summary>Opens a LiteDB file and says whether it is whole.</summary>
internal static class StoreFile
{
    // LiteDB's page layout (engine/pages): a page begins with its own number and its kind; page 0 holds the last page's number at 64.
    private const int PageBytes = 8192;
    private const int LastPageOffset = 64;
    private const int LastPageKind = 4;

    /// <summary>Opens or creates the file and copies what its log holds into it.</summary>
    /// <exception cref="InvalidDataException">The file is damaged; the message says how.</exception>
    public static LiteDatabase OpenChecked(string path)
    {
        // LiteDB would cut a torn page off, and make a new database of an empty file, without a word.
        bool hasLog = File.Exists(LogPath(path));
        if (File.Exists(path) && !hasLog && new FileInfo(path).Length is var length && (length == 0 || length % PageBytes != 0))
            throw new InvalidDataException($"{length:N0} bytes are not whole pages");

        LiteDatabase? database = null;
        try
        {
            database = Open(path);
            database.Checkpoint();
            CheckPages(path);
            foreach (string collection in database.GetCollectionNames().ToList())
                database.GetCollection(collection).Count();
            return database;
        }
        catch (Exception e)
        {
            database?.Dispose();
            // LiteDB throws whatever broken bytes lead to: index, cast and null errors beside its own.
            if (e is InvalidDataException or OutOfMemoryException)
                throw;
            throw new InvalidDataException(e.Message, e);
        }
    }

    public static string LogPath(string path) => Path.Combine(Path.GetDirectoryName(path)!, $"{Path.GetFileNameWithoutExtension(path)}-log.db");

    private static LiteDatabase Open(string path)
    {
        // Binary collation: by default LiteDB takes "A" and "a" for the same key.
        var connection = new ConnectionString { Filename = path, Connection = ConnectionType.Direct, Collation = Collation.Binary };
        return new LiteDatabase(connection, new BsonMapper { TrimWhitespace = false, EmptyStringToNull = false })
        {
            UtcDate = true,
        };
    }

    private static void CheckPages(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 20, FileOptions.SequentialScan);
        byte[] page = new byte[PageBytes];
        uint last = 0;
        uint number = 0;
        for (; stream.Position < stream.Length; number++)
        {
            stream.ReadExactly(page);
            if (number == 0)
                last = BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(LastPageOffset));
            if (BinaryPrimitives.ReadUInt32LittleEndian(page) != number || page[4] > LastPageKind)
                throw new InvalidDataException($"page {number} does not hold what belongs there");
        }

        if (number <= last)
            throw new InvalidDataException($"it ends after {number} of {last + 1} pages");
    }
}
