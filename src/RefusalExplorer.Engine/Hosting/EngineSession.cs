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

    /// <summary>The model of a spec, loaded on first use and kept.</summary>
    /// <param name="spec">What to load.</param>
    /// <param name="progress">Told the share loaded, 0 to 1, while it loads.</param>
    /// <exception cref="EngineException">The spec or its files are bad.</exception>
    public LanguageModel Model(ModelSpec spec, IProgress<double>? progress = null)
    {
        if (!_models.TryGetValue(spec, out LanguageModel? model))
            _models[spec] = model = ModelLoader.Load(spec, progress);
        return model;
    }

    /// <summary>Whether the model is in memory.</summary>
    public bool IsLoaded(ModelSpec spec) => _models.ContainsKey(spec);

    /// <summary>Frees a model's memory.</summary>
    public void Unload(ModelSpec spec)
    {
        if (_models.Remove(spec, out LanguageModel? model))
            model.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LanguageModel model in _models.Values)
            model.Dispose();
        _models.Clear();
    }
}
