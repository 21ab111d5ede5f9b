using Microsoft.Data.Sqlite;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Sqlite;

/// <summary>
/// A SQLite file that several processes may use at once (write-ahead log): its schema is made on first use, and what SQLite throws becomes one line.
/// </summary>
internal sealed class SqliteFile : IDisposable
{
    private const int CorruptCode = 11, FullCode = 13, NotDatabaseCode = 26, BusyCode = 5, LockedCode = 6, ReadOnlyCode = 8, CannotOpenCode = 14, ErrorCode = 1;
    private readonly string _path, _schema, _what, _connection;
    private readonly int _version;
    private readonly SemaphoreSlim _writer = new(1, 1);
    private readonly Lock _opening = new();
    private bool _ready;

    /// <param name="path">The file; made if it is not there.</param>
    /// <param name="what">What it holds, for messages.</param>
    /// <param name="version">Version of the schema, kept in the file.</param>
    /// <param name="schema">Statements that make it.</param>
    public SqliteFile(string path, string what, int version, string schema)
    {
        (_path, _what, _version, _schema) = (path, what, version, schema);
        _connection = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30 }.ToString();
    }

    /// <summary>Whether the file is there; reading one that is not makes none.</summary>
    public bool Exists => File.Exists(_path);

    /// <summary>Reads.</summary>
    /// <exception cref="StoreException">The file cannot be read.</exception>
    public T Read<T>(Func<SqliteConnection, T> work) => Guarded(() =>
    {
        using SqliteConnection connection = Open();
        return work(connection);
    });

    /// <summary>Runs the work in one transaction, one after another within this process; it is on disk when this returns.</summary>
    /// <exception cref="StoreException">The file cannot be written; nothing of the transaction is.</exception>
    public async Task<T> WriteAsync<T>(Func<SqliteConnection, T> work, CancellationToken cancellation)
    {
        await _writer.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Guarded(() =>
            {
                using SqliteConnection connection = Open();
                // Immediate: two processes that write wait for each other instead of failing half-way.
                using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
                T result = work(connection);
                transaction.Commit();
                return result;
            }), cancellation).ConfigureAwait(false);
        }
        finally
        {
            _writer.Release();
        }
    }

    public void Dispose()
    {
        _writer.Dispose();
        using var any = new SqliteConnection(_connection);
        SqliteConnection.ClearPool(any);
    }

    private SqliteConnection Open()
    {
        lock (_opening)
        {
            if (!_ready)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
                using SqliteConnection first = Connect();
                Execute(first, "PRAGMA journal_mode = WAL");
                MakeSchema(first);
                _ready = true;
            }
        }
        return Connect();
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection(_connection);
        try
        {
            connection.Open();
            // FULL: a commit that was acknowledged survives a power cut.
            Execute(connection, "PRAGMA synchronous = FULL; PRAGMA cache_size = -32768");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void MakeSchema(SqliteConnection connection)
    {
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        using SqliteCommand ask = connection.CreateCommand();
        ask.CommandText = "PRAGMA user_version";
        long found = (long)ask.ExecuteScalar()!;
        if (found > _version)
            throw new StoreException($"{_path}: {_what} of version {found}, made by a later version of this program; expected at most {_version}");
        if (found == 0)
            Execute(connection, $"{_schema}; PRAGMA user_version = {_version}");
        transaction.Commit();
    }

    private T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException e)
        {
            throw new StoreException($"{_path}: {Cause(e)}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"{_path}: {_what} cannot be read or written ({e.Message.TrimEnd('.')}): choose another data folder", e);
        }
    }

    private string Cause(SqliteException e) => e.SqliteErrorCode switch
    {
        CorruptCode or NotDatabaseCode => $"the file with {_what} is damaged ({Plain(e)}): move it away, and fetch or import again what it held",
        FullCode => $"the disk is full: free some space; {_what} are as they were before this write",
        BusyCode or LockedCode => $"another process has held {_what} for 30 s: wait until it is done",
        ReadOnlyCode or CannotOpenCode => $"the file with {_what} cannot be opened for writing: check its folder's permissions, or choose another data folder",
        ErrorCode => $"{_what} cannot be searched for that ({Plain(e)})",
        _ => $"{_what} cannot be read or written ({Plain(e)})",
    };

    private static string Plain(SqliteException e) => e.Message.ReplaceLineEndings(" ").TrimEnd('.');

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
