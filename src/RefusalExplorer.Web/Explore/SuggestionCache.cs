using System.Collections.Concurrent;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Web.Explore;

/// <summary>The suggested features of each model, asked for once: a page that opens while a run holds the engine has them at once.</summary>
public sealed class SuggestionCache(IExploreCatalog catalog) : IDisposable
{
    // Nobody's own token: the work is everybody's. It ends with the app, which would else wait for it.
    private readonly CancellationTokenSource _disposed = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<IReadOnlyList<SuggestedFeature>>>> _models = new(StringComparer.Ordinal);

    /// <summary>The most features a layer that the page offers, best first.</summary>
    /// <exception cref="Engine.EngineException">The model cannot run.</exception>
    public async Task<IReadOnlyList<SuggestedFeature>> GetAsync(string model, CancellationToken cancellation)
    {
        Lazy<Task<IReadOnlyList<SuggestedFeature>>> entry = _models.GetOrAdd(
            model, m => new Lazy<Task<IReadOnlyList<SuggestedFeature>>>(() => catalog.SuggestAsync(m, ExploreLimits.MostPerLayer, cancellation: _disposed.Token)));
        try
        {
            // The visitor who gives up must not take it from the others.
            return await entry.Value.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch when (!cancellation.IsCancellationRequested)
        {
            _models.TryRemove(KeyValuePair.Create(model, entry));
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed.Cancel();
        _disposed.Dispose();
    }
}
