using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.HumanStudies;

namespace RefusalExplorer.Data.Composition;

/// <summary>Blind studies by people.</summary>
internal static class HumanStudyServices
{
    public static IServiceCollection AddHumanStudies(this IServiceCollection services) => services
        .AddSingleton<HumanStudyService>()
        .AddSingleton<HumanStudyMaker>();
}
