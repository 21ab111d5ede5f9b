using System.Globalization;
using Microsoft.Data.Sqlite;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Explanations;

/// <summary>The SQL of a search: its conditions once, for the rows, their number and their features.</summary>
internal sealed class ExplanationSql
{
    private readonly List<object> _values = [];
    private readonly string _tables, _conditions, _order, _count;

    /// <exception cref="StoreException">The text holds no word to search for.</exception>
    public ExplanationSql(ExplanationQuery query)
    {
        var conditions = new List<string>();
        if (query.Text is { } text)
            conditions.Add($"words MATCH {Add(SearchText.ToMatch(text))}");
        string match = conditions.SingleOrDefault() ?? "";
        if (query.Model is { } model)
            conditions.Add($"s.model = {Add(model)}");
        if (query.Source is { } source)
            conditions.Add($"s.source = {Add(source)}");
        if (!query.Layers.IsDefaultOrEmpty)
            conditions.Add($"s.layer IN ({string.Join(", ", query.Layers.Distinct().Select(l => l.ToString(CultureInfo.InvariantCulture)))})");

        // CROSS JOIN says where to begin: at the words, or else at the few sources, whose explanations an index has in their order.
        bool words = query.Text is not null;
        _tables = words
            ? "words CROSS JOIN explanations e ON e.id = words.rowid CROSS JOIN sources s ON s.id = e.source"
            : "sources s CROSS JOIN explanations e ON e.source = s.id";
        _conditions = conditions.Count == 0 ? "" : $" WHERE {string.Join(" AND ", conditions)}";
        _order = words && query.Order == ExplanationOrder.Relevance ? "words.rank, s.layer, e.feature" : "s.layer, s.id, e.feature, e.kind";
        _count = words && conditions.Count == 1 ? $"words WHERE {match}" : _tables + _conditions;
    }

    public SqliteCommand Count(SqliteConnection connection) => Command(connection, $"SELECT COUNT(*) FROM {_count}");

    public SqliteCommand Features(SqliteConnection connection) => Command(connection, $"SELECT DISTINCT s.layer, e.feature FROM {_tables}{_conditions}");

    public SqliteCommand Rows(SqliteConnection connection, int skip, int take) => Command(connection, string.Create(CultureInfo.InvariantCulture,
        $"""
        SELECT s.model, s.source, s.layer, e.feature, e.text, k.explainer, k.method FROM {_tables} CROSS JOIN kinds k ON k.id = e.kind{_conditions}
        ORDER BY {_order} LIMIT {Math.Max(0, take)} OFFSET {Math.Max(0, skip)}
        """));

    private string Add(object value)
    {
        _values.Add(value);
        return $"$p{_values.Count}";
    }

    private SqliteCommand Command(SqliteConnection connection, string sql)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        for (int i = 0; i < _values.Count; i++)
            command.Parameters.AddWithValue($"$p{i + 1}", _values[i]);
        return command;
    }
}
