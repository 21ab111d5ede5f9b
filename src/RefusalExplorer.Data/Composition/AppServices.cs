using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RefusalExplorer.Data.Store;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Data.Composition;

/// <summary>Everything that the dashboard and the command line share, as singletons that are made on first use.</summary>
public static class AppServices
{
    /// <summary>Registers the engine, the store and the runners.</summary>
    /// <exception cref="EngineException">The settings are wrong; one line says where.</exception>
    public static IServiceCollection AddRefusalExplorer(this IServiceCollection services, IConfiguration configuration)
    {
        AppSettings settings = AppSettings.Read(configuration);
        services.AddSingleton(settings);
        services.AddSingleton(TimeProvider.System);
        services.AddHub(settings);
        services.AddEngine(settings);
        services.AddStore(settings);
        services.AddExperiments();
        services.AddCompletions();
        services.AddLive();
        services.AddMeaning(settings);
        services.AddAnalyses();
        services.AddJudges(settings);
        services.AddStudies(settings);
        services.AddHumanStudies();
        services.AddExplanations();
        services.AddNeuronpedia(settings.Neuronpedia);
        return services;
    }

    private static void AddEngine(this IServiceCollection services, AppSettings settings)
    {
        services.AddSingleton(new EngineOptions
        {
            QueueCapacity = settings.Engine.QueueCapacity,
            TorchInstallation = settings.Engine.TorchInstallation,
            Threads = settings.Engine.Threads,
        });
        services.AddSingleton<EngineHost>();
        services.AddSingleton(provider => new ModelCatalog(settings.ConfiguredModels(), provider.GetRequiredService<IHubCache>()));
    }

    // The store's lock is taken when something is first read or written: a command that needs no store runs beside the dashboard.
    private static void AddStore(this IServiceCollection services, AppSettings settings)
    {
        services.AddSingleton(new StoreOptions { Folder = Path.Combine(settings.ResolvedDataFolder, "store") });
        services.AddSingleton(provider => LiteStore.Open(
            provider.GetRequiredService<StoreOptions>(), provider.GetRequiredService<TimeProvider>(), provider.GetService<ILogger<LiteStore>>()));
        // Opening marks the runs of a process that is gone as interrupted.
        services.AddSingleton<IRunStore>(provider => LiteRunStore.OpenAsync(provider.GetRequiredService<LiteStore>()).GetAwaiter().GetResult());
        services.AddSingleton<IDirectionStore, LiteDirectionStore>();
        services.AddSingleton<IAnnotationStore, LiteAnnotationStore>();
        services.AddSingleton<IDocumentStore, LiteDocumentStore>();
    }

    private static void AddExperiments(this IServiceCollection services)
    {
        services.AddSingleton<IDirectionSource>(provider => new DirectionFiles(() => provider.GetRequiredService<IDirectionStore>()));
        services.AddSingleton<ProbeRunner>();
        services.AddSingleton<DefaultDirections>();
        services.AddSingleton<IExperimentRunner, ExperimentRunner>();
        services.AddSingleton<IExploreCatalog, ExploreCatalog>();
    }
}
