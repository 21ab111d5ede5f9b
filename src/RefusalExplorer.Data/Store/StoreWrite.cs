using LiteDB;

namespace RefusalExplorer.Data.Store;

/// <summary>A write that waits for the writer thread, and its caller's answer.</summary>
internal abstract class StoreWrite(bool exclusive)
{
    /// <summary>Runs outside of a transaction, when all before it are on disk.</summary>
    public bool Exclusive { get; } = exclusive;

    /// <summary>Drops the write if its caller has gone away before it began.</summary>
    public abstract bool TryCancel();

    /// <summary>Does the work; may run again after a roll-back.</summary>
    public abstract void Apply(ILiteDatabase database);

    /// <summary>Answers the caller: it is on disk.</summary>
    public abstract void Acknowledge();

    public abstract void Fail(Exception error);
}

internal sealed class StoreWrite<T>(Func<ILiteDatabase, T> work, bool exclusive, CancellationToken cancellation) : StoreWrite(exclusive)
{
    // Continuations must never run on the writer thread: LiteDB's transactions belong to it.
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Task => _answer.Task;

    public override bool TryCancel() => cancellation.IsCancellationRequested && _answer.TrySetCanceled(cancellation);

    public override void Apply(ILiteDatabase database) => _result = work(database);

    public override void Acknowledge() => _answer.TrySetResult(_result!);

    public override void Fail(Exception error) => _answer.TrySetException(error);
}
