using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Data.Datasets;
using RefusalExplorer.Data.Hub;
using RefusalExplorer.Data.Inventory;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Datasets;

namespace RefusalExplorer.Data.Composition;

/// <summary>What brings files in: the model hub and prompt files.</summary>
internal static class HubServices
{
    public static IServiceCollection AddHub(this IServiceCollection services, AppSettings settings)
    {
        services.AddSingleton(new HubEnvironment());
        services.AddSingleton(provider => HubOptions.From(
            provider.GetRequiredService<HubEnvironment>(), settings.Hub.Endpoint, settings.Hub.CacheFolder));
        services.AddSingleton<HubCache>();
        services.AddSingleton<IHubCache>(provider => provider.GetRequiredService<HubCache>());
        services.AddSingleton(provider => new HubDownloader(
            provider.GetRequiredService<HubOptions>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ModelInventory>();
        services.AddSingleton<DirectionImport>();
        services.AddSingleton<IDatasetReader>(new DatasetReader());
        return services;
    }
}
