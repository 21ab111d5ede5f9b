using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using RefusalExplorer.Data.Datasets;
using RefusalExplorer.Pipeline.Datasets;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Pipeline.Probing;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Data.Composition;

/// <summary>Studies: their runner, which needs no store, and the queue and list, which do.</summary>
public static class StudyServices
{
    internal static IServiceCollection AddStudies(this IServiceCollection services, AppSettings settings)
    {
        services.TryAddSingleton<IDatasetReader>(_ => new DatasetReader());
        services.AddSingleton<IStudyPromptReader, StudyPromptReader>();
        services.AddSingleton<IStudyDirections>(provider => new StudyDirections(
            provider.GetRequiredService<IDirectionSource>(), () => provider.GetRequiredService<IDirectionStore>()));
        services.AddSingleton<IStudyEngines, StudyEngines>();
        services.AddSingleton<StudyRunner>();
        services.AddSingleton<StudyOverrides>();
        services.AddSingleton(provider => new StudyLibrary(
            provider.GetRequiredService<IRunStore>(), provider.GetRequiredService<IDocumentStore>(), provider.GetRequiredService<IDirectionStore>(),
            Path.Combine(settings.ResolvedDataFolder, "studies")));
        services.AddSingleton<StudyService>();
        return services;
    }

    /// <summary>Folder of a study whose place nobody chose.</summary>
    public static string StudiesFolder(AppSettings settings, string id) => Path.Combine(settings.ResolvedDataFolder, "studies", id);
}
