using System.Collections.Immutable;
using Microsoft.Data.Sqlite;
using RefusalExplorer.Data.Sqlite;
using RefusalExplorer.Data.Store;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Explanations;

/// <summary>Explanations in a SQLite file with a full-text index; the dashboard reads it while the command line imports into it.</summary>
public sealed class SqliteExplanationStore : IExplanationStore, IDisposable
{
    private const int BatchSize = 5000;
    private readonly SqliteFile _file;

    /// <summary>Touches no file yet.</summary>
    public SqliteExplanationStore(StoreOptions options) =>
        _file = new SqliteFile(options.ExplanationsPath, "explanations", ExplanationSchema.Version, ExplanationSchema.Sql);

    /// <inheritdoc/>
    public async Task<long> SaveAsync(IEnumerable<Explanation> explanations, IProgress<long>? written = null, CancellationToken cancellation = default)
    {
        long count = 0;
        foreach (Explanation[] rows in explanations.Chunk(BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            await SaveAsync(rows, null, cancellation).ConfigureAwait(false);
            written?.Report(count += rows.Length);
        }
        return count;
    }

    /// <inheritdoc/>
    public ImmutableArray<Explanation> ForFeature(string model, string source, int index) => Read<ImmutableArray<Explanation>>([], connection =>
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            SELECT s.model, s.source, s.layer, e.feature, e.text, k.explainer, k.method
            FROM sources s JOIN explanations e ON e.source = s.id JOIN kinds k ON k.id = e.kind
            WHERE s.model = $model AND s.source = $source AND e.feature = $feature ORDER BY e.kind
            """;
        command.Parameters.AddWithValue("$model", model);
        command.Parameters.AddWithValue("$source", source);
        command.Parameters.AddWithValue("$feature", index);
        return Rows(command);
    });

    /// <inheritdoc/>
    public Page<Explanation> Search(ExplanationQuery query)
    {
        var sql = new ExplanationSql(query);
        return Read(new Page<Explanation>([], 0), connection =>
        {
            using SqliteTransaction same = connection.BeginTransaction(deferred: true);
            using SqliteCommand count = sql.Count(connection), rows = sql.Rows(connection, query.Skip, query.Take);
            return new Page<Explanation>(Rows(rows), (long)count.ExecuteScalar()!);
        });
    }

    /// <inheritdoc/>
    public ImmutableHashSet<FeatureId> MatchingFeatures(ExplanationQuery query)
    {
        var sql = new ExplanationSql(query);
        return Read<ImmutableHashSet<FeatureId>>([], connection =>
        {
            using SqliteCommand command = sql.Features(connection);
            using SqliteDataReader reader = command.ExecuteReader();
            ImmutableHashSet<FeatureId>.Builder features = ImmutableHashSet.CreateBuilder<FeatureId>();
            while (reader.Read())
                features.Add(new FeatureId(reader.GetInt32(0), reader.GetInt32(1)));
            return features.ToImmutable();
        });
    }

    /// <inheritdoc/>
    public ImmutableArray<ExplanationSource> Sources() => Read<ImmutableArray<ExplanationSource>>([], connection =>
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            SELECT s.model, s.source, s.layer, c.number FROM (SELECT source, COUNT(*) AS number FROM explanations GROUP BY source) c
            JOIN sources s ON s.id = c.source ORDER BY s.model, s.layer, s.source
            """;
        using SqliteDataReader reader = command.ExecuteReader();
        var sources = ImmutableArray.CreateBuilder<ExplanationSource>();
        while (reader.Read())
            sources.Add(new ExplanationSource(reader.GetString(0), reader.GetString(1), reader.GetInt32(2), reader.GetInt64(3)));
        return sources.ToImmutable();
    });

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Writes rows and how far their bulk file got in one transaction, so that an import goes on exactly there.</summary>
    internal Task SaveAsync(IReadOnlyCollection<Explanation> rows, ImportMark? mark, CancellationToken cancellation) => _file.WriteAsync(
        connection =>
        {
            using var batch = new ExplanationBatch(connection);
            foreach (Explanation row in rows)
                batch.Write(row);
            if (mark is not null)
                batch.Note(mark);
            return rows.Count;
        }, cancellation);

    /// <summary>How far a bulk file got, or null where it was never begun.</summary>
    internal ImportMark? MarkOf(string file) => Read<ImportMark?>(null, connection =>
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT lines, finished FROM imports WHERE file = $file";
        command.Parameters.AddWithValue("$file", file);
        using SqliteDataReader reader = command.ExecuteReader();
        return reader.Read() ? new ImportMark(file, reader.GetInt64(0), reader.GetBoolean(1)) : null;
    });

    private T Read<T>(T nothing, Func<SqliteConnection, T> work) => _file.Exists ? _file.Read(work) : nothing;

    private static ImmutableArray<Explanation> Rows(SqliteCommand command)
    {
        using SqliteDataReader reader = command.ExecuteReader();
        var rows = ImmutableArray.CreateBuilder<Explanation>();
        while (reader.Read())
        {
            rows.Add(new Explanation
            {
                Model = reader.GetString(0),
                Source = reader.GetString(1),
                Feature = new FeatureId(reader.GetInt32(2), reader.GetInt32(3)),
                Text = reader.GetString(4),
                Explainer = reader.GetString(5),
                Method = reader.GetString(6),
            });
        }
        return rows.ToImmutable();
    }
}

/// <summary>How far the import of a bulk file got.</summary>
/// <param name="File">What the file is known by: see <see cref="BulkFile.Fingerprint"/>.</param>
/// <param name="Lines">Lines of it that are in the store.</param>
/// <param name="Finished">Whether these are all.</param>
internal sealed record ImportMark(string File, long Lines, bool Finished);
