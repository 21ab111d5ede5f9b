namespace RefusalExplorer.Data.Explanations;

/// <summary>Tables of the explanations file.</summary>
internal static class ExplanationSchema
{
    public const int Version = 1;

    /// <summary>
    /// The words' index has no copy of the texts (external content): the triggers keep both in step, within the same transaction.
    /// <c>imports</c> remembers how far each bulk file got.
    /// </summary>
    public const string Sql = """
        CREATE TABLE sources (id INTEGER PRIMARY KEY, model TEXT NOT NULL, source TEXT NOT NULL, layer INTEGER NOT NULL, UNIQUE (model, source, layer));
        CREATE TABLE kinds (id INTEGER PRIMARY KEY, explainer TEXT NOT NULL, method TEXT NOT NULL, UNIQUE (explainer, method));
        CREATE TABLE explanations (
            id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES sources, feature INTEGER NOT NULL, kind INTEGER NOT NULL REFERENCES kinds, text TEXT NOT NULL,
            UNIQUE (source, feature, kind));
        CREATE VIRTUAL TABLE words USING fts5 (text, content = 'explanations', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2');
        CREATE TRIGGER added AFTER INSERT ON explanations BEGIN
            INSERT INTO words (rowid, text) VALUES (new.id, new.text);
        END;
        CREATE TRIGGER changed AFTER UPDATE OF text ON explanations BEGIN
            INSERT INTO words (words, rowid, text) VALUES ('delete', old.id, old.text);
            INSERT INTO words (rowid, text) VALUES (new.id, new.text);
        END;
        CREATE TABLE imports (file TEXT PRIMARY KEY, lines INTEGER NOT NULL, finished INTEGER NOT NULL)
        """;
}
