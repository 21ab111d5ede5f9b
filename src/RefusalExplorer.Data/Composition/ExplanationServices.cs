using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Data.Explanations;
using RefusalExplorer.Data.Store;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Composition;

/// <summary>What others say of features: imported explanations. They need no lock: the command line imports while the dashboard runs.</summary>
internal static class ExplanationServices
{
    public static IServiceCollection AddExplanations(this IServiceCollection services)
    {
        services.AddSingleton(provider => new SqliteExplanationStore(provider.GetRequiredService<StoreOptions>()));
        services.AddSingleton<IExplanationStore>(provider => provider.GetRequiredService<SqliteExplanationStore>());
        services.AddSingleton(provider => new ExplanationImporter(
            provider.GetRequiredService<SqliteExplanationStore>(), provider.GetRequiredService<TimeProvider>()));
        return services;
    }
}
