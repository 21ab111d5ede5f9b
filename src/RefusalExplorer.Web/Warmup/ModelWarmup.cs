using System.Collections.Immutable;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Explore;

namespace RefusalExplorer.Web.Warmup;

/// <summary>How far a model is from answering.</summary>
/// <param name="What">What is going on, or what went wrong.</param>
/// <param name="Fraction">Share done, or null where it is not known.</param>
/// <param name="Ready">Whether it answers at once.</param>
/// <param name="Failed">Whether it will not get there; <paramref name="What"/> says why.</param>
public sealed record Readiness(string What, double? Fraction, bool Ready = false, bool Failed = false);

/// <summary>Says how far the default model is.</summary>
public interface IModelReadiness
{
    /// <summary>Now.</summary>
    Readiness State { get; }

    /// <summary>It changed; raised on any thread.</summary>
    event Action? Changed;
}

/// <summary>Loads the default model and its direction as soon as the app starts, so that the first visitor need not wait for it.</summary>
public sealed class ModelWarmup(
    EngineHost engine, ModelCatalog catalog, DefaultDirections directions, SuggestionCache suggestions, IExploreCatalog explore,
    IExperimentRunner runner, ILogger<ModelWarmup> logger)
    : BackgroundService, IModelReadiness
{
    private volatile Readiness _state = new("Starting", null);

    /// <inheritdoc/>
    public event Action? Changed;

    /// <inheritdoc/>
    public Readiness State => _state;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Let the server listen first.
        await Task.Yield();
        ConfiguredModel model = catalog.Models[0];
        try
        {
            ModelSpec spec = catalog.Resolve(model.Name);
            await engine.RunAsync(
                $"load {model.Name}",
                (session, ct) =>
                {
                    LanguageModel loaded = session.Model(spec, Progress($"Loading {model.Name}"));
                    return directions.Get(loaded, model, null, Progress("Computing the refusal direction"), ct);
                },
                cancellation: stoppingToken).ConfigureAwait(false);
            Set(new Readiness("Ranking features", null));
            IReadOnlyList<SuggestedFeature> suggested = await suggestions.GetAsync(model.Name, stoppingToken).ConfigureAwait(false);
            if (explore.PromptSets.Count > 0)
                await RehearseAsync(model, suggested, stoppingToken).ConfigureAwait(false);
            Set(new Readiness($"{model.Name} is ready", 1, Ready: true));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The app ends before the model was there.
        }
        catch (EngineException e)
        {
            logger.LogError("The default model cannot be used: {Reason}", e.Message);
            Set(new Readiness(e.Message, null, Failed: true));
        }
        catch (Exception e)
        {
            logger.LogError(e, "The default model cannot be used");
            Set(new Readiness($"{model.Name}: {e.Message.Split('\n')[0]}; see the log", null, Failed: true));
        }
    }

    // What the page opens with, for two tokens and unrecorded: code is compiled and the edited features' weights are read before the first click.
    private async Task RehearseAsync(ConfiguredModel model, IReadOnlyList<SuggestedFeature> suggested, CancellationToken cancellation)
    {
        Set(new Readiness("Warming up", null));
        ExploreState opening = ExploreState.Default with { Model = model.Name };
        try
        {
            ExperimentRequest request =
                ExploreRequests.Build(opening, explore.PromptSets, suggested, ImmutableDictionary<FeatureId, SuggestedFeature>.Empty);
            await runner.RunAsync(
                request with { Generation = request.Generation with { MaxNewTokens = 2 } }, "warm-up", new DirectProgress<ExperimentEvent>(_ => { }),
                cancellation).ConfigureAwait(false);
        }
        catch (EngineException e)
        {
            // A model without a chat template, say, takes raw prompts all the same.
            logger.LogWarning("The page's first run was not rehearsed: {Reason}", e.Message);
        }
    }

    private DirectProgress<double> Progress(string what) => new(f => Set(new Readiness(what, f)));

    private void Set(Readiness state)
    {
        _state = state;
        Changed?.Invoke();
    }

    /// <summary>Unlike <see cref="Progress{T}"/> it keeps the order.</summary>
    private sealed class DirectProgress<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
