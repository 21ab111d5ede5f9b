using System.Threading.Channels;
using LiteDB;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Store;

/// <summary>
/// The writer thread. What waits is written as one transaction and one checkpoint, then acknowledged: LiteDB's commit returns while its pages
/// are still queued, and only a checkpoint flushes them to disk.
/// </summary>
internal sealed class StoreWriter : IDisposable
{
    private const int MaximumBatch = 256;
    private readonly StoreOptions _options;
    private readonly Channel<StoreWrite> _queue;
    private readonly Thread _thread;
    private volatile LiteDatabase _database;
    private volatile bool _changedSinceBackup;

    public StoreWriter(StoreOptions options, LiteDatabase database)
    {
        _options = options;
        _database = database;
        _queue = Channel.CreateBounded<StoreWrite>(new BoundedChannelOptions(options.QueueCapacity) { SingleReader = true });
        _thread = new Thread(Loop) { IsBackground = true, Name = "store writer" };
        _thread.Start();
    }

    public bool ChangedSinceBackup => _changedSinceBackup;

    public void MarkBackedUp() => _changedSinceBackup = false;

    public T Read<T>(Func<ILiteDatabase, T> work)
    {
        try
        {
            return work(_database);
        }
        catch (Exception e) when (e is LiteException or IOException or ObjectDisposedException)
        {
            throw new StoreException($"{_options.DatabasePath}: cannot be read ({e.Message})", e);
        }
    }

    public async Task<T> EnqueueAsync<T>(Func<ILiteDatabase, T> work, bool exclusive, CancellationToken cancellation)
    {
        var write = new StoreWrite<T>(work, exclusive, cancellation);
        try
        {
            await _queue.Writer.WriteAsync(write, cancellation).ConfigureAwait(false);
        }
        catch (ChannelClosedException e)
        {
            throw new StoreException($"{_options.Folder}: the store is closed", e);
        }

        return await write.Task.ConfigureAwait(false);
    }

    public Task ProbeAsync(CancellationToken cancellation) => EnqueueAsync(db =>
    {
        RequireFreeSpace();
        db.CollectionExists(LiteRunStore.Collection);
        using var file = new FileStream(Path.Combine(_options.Folder, "store.probe"), FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        file.WriteByte(1);
        file.Flush(flushToDisk: true);
        return true;
    }, exclusive: true, cancellation);

    public void Dispose()
    {
        if (_queue.Writer.TryComplete())
            _thread.Join();
        _database.Dispose();
    }

    private void Loop()
    {
        var batch = new List<StoreWrite>(MaximumBatch);
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (batch.Count < MaximumBatch && _queue.Reader.TryPeek(out StoreWrite? next) && !(next.Exclusive && batch.Count > 0))
            {
                _queue.Reader.TryRead(out _);
                if (!next.TryCancel())
                    batch.Add(next);
                if (next.Exclusive)
                    break;
            }

            if (batch is [{ Exclusive: true } alone])
                RunExclusive(alone);
            else if (batch.Count > 0)
                RunBatch(batch);
            batch.Clear();
        }
    }

    private void RunExclusive(StoreWrite write)
    {
        try
        {
            write.Apply(_database);
            write.Acknowledge();
        }
        catch (Exception e)
        {
            write.Fail(Described(e));
        }
    }

    private void RunBatch(List<StoreWrite> batch)
    {
        if (TryCommit(batch) is not { } error)
            return;
        if (batch.Count == 1)
        {
            batch[0].Fail(Described(error));
            return;
        }

        // One of them is at fault: each alone, so that the others are not refused with it.
        foreach (StoreWrite write in batch)
        {
            if (TryCommit([write]) is { } own)
                write.Fail(Described(own));
        }
    }

    private Exception? TryCommit(List<StoreWrite> writes)
    {
        try
        {
            RequireFreeSpace();
            _database.BeginTrans();
            foreach (StoreWrite write in writes)
                write.Apply(_database);
            if (!_database.Commit())
                throw new StoreException($"{_options.DatabasePath}: the transaction was lost before its commit");
            _database.Checkpoint();
        }
        catch (Exception e)
        {
            RollBack();
            return e;
        }

        _changedSinceBackup = true;
        foreach (StoreWrite write in writes)
            write.Acknowledge();
        return null;
    }

    private void RollBack()
    {
        try
        {
            _database.Rollback();
            return;
        }
        catch (Exception e) when (e is LiteException or IOException or ObjectDisposedException)
        {
            // An I/O error closes LiteDB's engine for good; a new one reads the log and is whole again.
        }

        _database.Dispose();
        try
        {
            _database = StoreFile.OpenChecked(_options.DatabasePath);
        }
        catch (InvalidDataException)
        {
            // It stays closed: each write and read says so, and the next write tries again.
        }
    }

    private void RequireFreeSpace()
    {
        long free = new DriveInfo(Path.GetFullPath(_options.Folder)).AvailableFreeSpace;
        if (free < _options.MinimumFreeSpace)
            throw new StoreException($"{_options.Folder}: the disk is full ({free >> 20:N0} MB free, {_options.MinimumFreeSpace >> 20:N0} MB needed): free some space, or choose another data folder");
    }

    private Exception Described(Exception error) => error is StoreException or OperationCanceledException
        ? error
        : new StoreException($"{_options.DatabasePath}: cannot be written ({error.Message})", error);
}
