using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Engine.Hosting;

/// <summary>One engine thread fed by a bounded queue: all tensor work runs there, inside no_grad and a dispose scope.</summary>
public sealed class EngineHost : IAsyncDisposable
{
    /// <summary>Queues synchronous work for the engine thread.</summary>
    /// <param name="what">Shown in the queue.</param>
    /// <param name="work">Runs on the engine thread.</param>
    /// <param name="queuePosition">Told how many pieces of work are before this one, whenever that changes.</param>
    /// <exception cref="EngineException">The queue is full; the message says so.</exception>
    public Task<T> RunAsync<T>(string what, Func<EngineSession, CancellationToken, T> work, Action<int>? queuePosition = null, CancellationToken cancellation = default) => throw new NotImplementedException();
    public int QueueLength => throw new NotImplementedException();
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}

/// <summary>What work on the engine thread may use.</summary>
public sealed class EngineSession
{
    /// <summary>The model of a spec, loaded on first use.</summary>
    public LanguageModel Model(ModelSpec spec) => throw new NotImplementedException();
}
