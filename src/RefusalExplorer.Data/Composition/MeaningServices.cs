using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Pipeline.Annotations;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Pipeline.Features;

namespace RefusalExplorer.Data.Composition;

/// <summary>What tells of the meaning of features.</summary>
internal static class MeaningServices
{
    public static IServiceCollection AddMeaning(this IServiceCollection services, AppSettings settings)
    {
        services.AddSingleton(_ => new DashboardLibrary(Path.Combine(settings.ResolvedDataFolder, "dashboards")));
        services.AddSingleton(provider => new DashboardRunner(
            provider.GetRequiredService<EngineHost>(), provider.GetRequiredService<ModelCatalog>(), provider.GetRequiredService<DashboardLibrary>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(_ => new FeatureCosines(Path.Combine(settings.ResolvedDataFolder, "cosines")));
        services.AddSingleton<FeatureCatalog>();
        services.AddSingleton<FeatureExplanations>();
        services.AddSingleton<FeatureSearch>();
        services.AddSingleton<FeatureProbe>();
        services.AddSingleton<StudyFeatures>();
        services.AddSingleton<AnnotationBook>();
        services.AddSingleton<AnnotationImport>();
        services.AddSingleton<Codebooks>();
        return services;
    }
}
