using System.Collections.Immutable;
using LiteDB;
using Microsoft.Extensions.Logging;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Store;

/// <summary>The one LiteDB engine of the process: reads from any thread, writes through one thread, a write answered when it is on disk.</summary>
public sealed class LiteStore : IDisposable
{
    private readonly StoreOptions _options;
    private readonly TimeProvider _time;
    private readonly StoreLock _lock;
    private readonly StoreBackups _backups;
    private readonly StoreWriter _writer;
    private readonly ITimer? _backupTimer;

    private LiteStore(StoreOptions options, TimeProvider time, StoreLock @lock, ILogger? logger)
    {
        _options = options;
        _time = time;
        _lock = @lock;
        _backups = new StoreBackups(options, time);
        LiteDatabase database = StoreRecovery.Open(options, _backups, out ImmutableArray<string> notices);
        Notices = notices;
        foreach (string notice in notices)
            logger?.LogWarning("{Notice}", notice);
        _writer = new StoreWriter(options, database);
        if (options.BackupInterval > TimeSpan.Zero && options.BackupInterval < TimeSpan.MaxValue)
            _backupTimer = time.CreateTimer(_ => BackupOnSchedule(logger), null, UntilNextBackup(), options.BackupInterval);
    }

    /// <summary>What had to be repaired when it was opened, a line each; shown to the user.</summary>
    public ImmutableArray<string> Notices { get; }

    /// <summary>Largest payload, characters of JSON.</summary>
    internal int MaximumPayloadLength => _options.MaximumPayloadLength;

    internal TimeProvider Time => _time;

    /// <summary>Opens or makes the store in a folder.</summary>
    /// <exception cref="StoreInUseException">Another process holds it.</exception>
    /// <exception cref="StoreException">The folder cannot be made or written.</exception>
    public static LiteStore Open(StoreOptions options, TimeProvider? time = null, ILogger<LiteStore>? logger = null)
    {
        time ??= TimeProvider.System;
        try
        {
            Directory.CreateDirectory(options.Folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"{options.Folder}: the data folder cannot be made ({e.Message}): choose another one", e);
        }

        StoreLock @lock;
        try
        {
            @lock = StoreLock.Acquire(options.Folder, time);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException($"{options.Folder}: the data folder cannot be written ({e.Message}): choose another one", e);
        }

        try
        {
            return new LiteStore(options, time, @lock, logger);
        }
        catch
        {
            @lock.Dispose();
            throw;
        }
    }

    /// <summary>Copies the database into the backup folder; the copy's path.</summary>
    public Task<string> BackupAsync(CancellationToken cancellation = default) =>
        _writer.EnqueueAsync(_ =>
        {
            string file = _backups.Make();
            _writer.MarkBackedUp();
            return file;
        }, exclusive: true, cancellation);

    /// <summary>Ends well if a write would: the writer's thread lives, the database is open, and the folder takes a file. Leaves nothing behind.</summary>
    /// <exception cref="StoreException">It would not; one line says why.</exception>
    public Task ProbeAsync(CancellationToken cancellation = default) => _writer.ProbeAsync(cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        _backupTimer?.Dispose();
        _writer.Dispose();
        _lock.Dispose();
    }

    /// <summary>Reads; the work must return materialised data, since open readers exhaust LiteDB.</summary>
    internal T Read<T>(Func<ILiteDatabase, T> work) => _writer.Read(work);

    /// <summary>Runs the work in a transaction of the writer thread; it may run twice, so it may not touch anything else.</summary>
    internal Task<T> WriteAsync<T>(Func<ILiteDatabase, T> work, CancellationToken cancellation) =>
        _writer.EnqueueAsync(work, exclusive: false, cancellation);

    private TimeSpan UntilNextBackup()
    {
        if (_backups.Newest() is not { } newest)
            return _options.BackupInterval;
        TimeSpan left = newest + _options.BackupInterval - _time.GetUtcNow();
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void BackupOnSchedule(ILogger? logger)
    {
        if (!_writer.ChangedSinceBackup)
            return;
        _ = BackupAsync().ContinueWith(
            t => logger?.LogError("The backup failed: {Reason}", t.Exception!.InnerException!.Message),
            CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }
}
