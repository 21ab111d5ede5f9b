using System.IO.Compression;
using Microsoft.Data.Sqlite;
using RefusalExplorer.Data.Sqlite;
using RefusalExplorer.Data.Store;

namespace RefusalExplorer.Data.Neuronpedia;

/// <summary>An answer as it came.</summary>
/// <param name="At">UTC time.</param>
/// <param name="Body">Its JSON, UTF-8; null where it said that there is no such thing (404).</param>
internal sealed record KeptAnswer(DateTimeOffset At, byte[]? Body);

/// <summary>Neuronpedia's answers, kept for good in a SQLite file, compressed; and the few things that must outlive a restart.</summary>
internal sealed class AnswerFile(StoreOptions options) : IDisposable
{
    private const string Schema = """
        CREATE TABLE answers (key TEXT PRIMARY KEY, at INTEGER NOT NULL, body BLOB) WITHOUT ROWID;
        CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID
        """;

    private readonly SqliteFile _file = new(options.NeuronpediaPath, "Neuronpedia's answers", 1, Schema);

    public KeptAnswer? Find(string key) => !_file.Exists ? null : _file.Read(connection =>
    {
        using SqliteCommand command = Command(connection, "SELECT at, body FROM answers WHERE key = $key", ("$key", key));
        using SqliteDataReader reader = command.ExecuteReader();
        return reader.Read()
            ? new KeptAnswer(DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(0)), reader.IsDBNull(1) ? null : Unpack((byte[])reader[1]))
            : null;
    });

    public Task KeepAsync(IEnumerable<(string Key, KeptAnswer Answer)> answers, CancellationToken cancellation) => _file.WriteAsync(
        connection =>
        {
            foreach ((string key, KeptAnswer answer) in answers)
            {
                using SqliteCommand command = Command(
                    connection, "INSERT INTO answers (key, at, body) VALUES ($key, $at, $body) ON CONFLICT DO UPDATE SET at = excluded.at, body = excluded.body",
                    ("$key", key), ("$at", answer.At.ToUnixTimeMilliseconds()), ("$body", answer.Body is null ? DBNull.Value : Pack(answer.Body)));
                command.ExecuteNonQuery();
            }
            return true;
        }, cancellation);

    public string? State(string name) => !_file.Exists ? null : _file.Read(connection =>
    {
        using SqliteCommand command = Command(connection, "SELECT value FROM state WHERE name = $name", ("$name", name));
        return (string?)command.ExecuteScalar();
    });

    public Task SetStateAsync(string name, string value, CancellationToken cancellation) => _file.WriteAsync(
        connection =>
        {
            using SqliteCommand command = Command(
                connection, "INSERT INTO state (name, value) VALUES ($name, $value) ON CONFLICT DO UPDATE SET value = excluded.value", ("$name", name), ("$value", value));
            return command.ExecuteNonQuery();
        }, cancellation);

    public void Dispose() => _file.Dispose();

    private static SqliteCommand Command(SqliteConnection connection, string sql, params (string Name, object Value)[] parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object value) in parameters)
            command.Parameters.AddWithValue(name, value);
        return command;
    }

    private static byte[] Pack(byte[] body)
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Fastest))
            brotli.Write(body);
        return packed.ToArray();
    }

    private static byte[] Unpack(byte[] body)
    {
        using var brotli = new BrotliStream(new MemoryStream(body), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        brotli.CopyTo(plain);
        return plain.ToArray();
    }
}
