using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Pieces of a study as work items of the engine's queue: between two of them whoever waits gets a turn.</summary>
public sealed class HostStudyEngine(EngineHost host, ModelSpec spec, IProgress<double>? loading = null) : IStudyEngine
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <inheritdoc/>
    public async Task<T> RunAsync<T>(string what, Func<IStudyModel, CancellationToken, T> work, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await host.RunAsync(what, Run, cancellation: cancellation).ConfigureAwait(false);
            }
            catch (EngineBusyException)
            {
                // A study is in no hurry: it waits until the queue has room.
                await Task.Delay(Pause, cancellation).ConfigureAwait(false);
            }
        }

        T Run(EngineSession session, CancellationToken ct)
        {
            T result = work(new EngineStudyModel(session.Model(spec, loading)), ct);
            ct.ThrowIfCancellationRequested();
            return result;
        }
    }
}
