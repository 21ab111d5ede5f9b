using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Engine.Hosting;

/// <summary>What work on the engine thread may use: the loaded models.</summary>
public sealed class EngineSession : IDisposable
{
    private readonly Dictionary<ModelSpec, LanguageModel> _models = [];

    /// <summary>Only the host makes sessions, and tests that stay on one thread.</summary>
    public EngineSession()
    {
    }

    /// <summary>The model of a spec, loaded on first use and kept; on weights that are in memory already where another spec has the same.</summary>
    /// <param name="spec">What to load.</param>
    /// <param name="progress">Told the share loaded, 0 to 1, while it loads.</param>
    /// <exception cref="EngineException">The spec or its files are bad.</exception>
    public LanguageModel Model(ModelSpec spec, IProgress<double>? progress = null)
    {
        if (!_models.TryGetValue(spec, out LanguageModel? model))
        {
            LanguageModel? sharer = _models.Values.FirstOrDefault(m => m.Spec.SharesWeights(spec));
            _models[spec] = model = sharer is null ? ModelLoader.Load(spec, progress) : ModelLoader.View(spec, sharer);
        }
        return model;
    }

    /// <summary>Whether the model's weights are in memory.</summary>
    public bool IsLoaded(ModelSpec spec) => _models.Keys.Any(spec.SharesWeights);

    /// <summary>Frees a model's memory: its weights, with every model on them.</summary>
    public void Unload(ModelSpec spec)
    {
        foreach (LanguageModel model in _models.Values.Where(m => m.Spec.SharesWeights(spec)).ToArray())
        {
            _models.Remove(model.Spec);
            model.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LanguageModel model in _models.Values)
            model.Dispose();
        _models.Clear();
    }
}
