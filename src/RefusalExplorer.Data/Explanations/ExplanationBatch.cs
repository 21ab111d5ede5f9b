using Microsoft.Data.Sqlite;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Explanations;

/// <summary>Writes explanations within one transaction; an explanation that is there already with the same text costs no write.</summary>
internal sealed class ExplanationBatch : IDisposable
{
    private readonly Dictionary<(string, string, int), long> _sources = [];
    private readonly Dictionary<(string, string), long> _kinds = [];
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insert;

    public ExplanationBatch(SqliteConnection connection)
    {
        _connection = connection;
        _insert = Command("""
            INSERT INTO explanations (source, feature, kind, text) VALUES ($source, $feature, $kind, $text)
            ON CONFLICT (source, feature, kind) DO UPDATE SET text = excluded.text WHERE text <> excluded.text
            """, ("$source", 0L), ("$feature", 0L), ("$kind", 0L), ("$text", ""));
        _insert.Prepare();
    }

    public void Write(Explanation explanation)
    {
        _insert.Parameters[0].Value = Id(_sources, (explanation.Model, explanation.Source, explanation.Feature.Layer),
            "INSERT INTO sources (model, source, layer) VALUES ($a, $b, $c) ON CONFLICT DO UPDATE SET layer = layer RETURNING id",
            ("$a", explanation.Model), ("$b", explanation.Source), ("$c", explanation.Feature.Layer));
        _insert.Parameters[1].Value = (long)explanation.Feature.Index;
        _insert.Parameters[2].Value = Id(_kinds, (explanation.Explainer, explanation.Method),
            "INSERT INTO kinds (explainer, method) VALUES ($a, $b) ON CONFLICT DO UPDATE SET method = method RETURNING id",
            ("$a", explanation.Explainer), ("$b", explanation.Method));
        _insert.Parameters[3].Value = explanation.Text;
        _insert.ExecuteNonQuery();
    }

    /// <summary>Notes how far a bulk file got, with the rows, in the same transaction.</summary>
    public void Note(ImportMark mark)
    {
        using SqliteCommand command = Command(
            "INSERT INTO imports (file, lines, finished) VALUES ($file, $lines, $finished) ON CONFLICT DO UPDATE SET lines = excluded.lines, finished = excluded.finished",
            ("$file", mark.File), ("$lines", mark.Lines), ("$finished", mark.Finished ? 1 : 0));
        command.ExecuteNonQuery();
    }

    public void Dispose() => _insert.Dispose();

    private long Id<TKey>(Dictionary<TKey, long> known, TKey key, string sql, params (string, object)[] parameters)
        where TKey : notnull
    {
        if (known.TryGetValue(key, out long id))
            return id;
        using SqliteCommand command = Command(sql, parameters);
        return known[key] = (long)command.ExecuteScalar()!;
    }

    private SqliteCommand Command(string sql, params (string Name, object Value)[] parameters)
    {
        SqliteCommand command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object value) in parameters)
            command.Parameters.AddWithValue(name, value);
        return command;
    }
}
