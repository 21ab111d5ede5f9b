using RefusalExplorer.Engine.Hosting;

namespace RefusalExplorer.Web.Api.Limits;

/// <summary>The way of the HTTP API's requests to the engine: each client in its turn, a few at the same time.</summary>
internal sealed class EngineTurns(EngineHost engine, FairQueue queue)
{
    /// <summary>Runs work on the engine when the client's turn has come; given up when the client goes.</summary>
    /// <exception cref="Engine.EngineBusyException">Too many wait.</exception>
    public async Task<T> RunAsync<T>(HttpContext context, string what, Func<EngineSession, CancellationToken, T> work, CancellationToken cancellation = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, cancellation);
        using FairQueue.Turn turn = await queue.EnterAsync(ApiClient.Name(context), either.Token);
        return await engine.RunAsync(what, work, cancellation: either.Token);
    }

    /// <summary>The same for work that finds its way to the engine itself.</summary>
    /// <exception cref="Engine.EngineBusyException">Too many wait.</exception>
    public async Task<T> RunAsync<T>(HttpContext context, Func<CancellationToken, Task<T>> work)
    {
        using FairQueue.Turn turn = await queue.EnterAsync(ApiClient.Name(context), context.RequestAborted);
        return await work(context.RequestAborted);
    }
}
