using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.Live;

namespace RefusalExplorer.Data.Composition;

/// <summary>Demonstrations.</summary>
internal static class LiveServices
{
    public static IServiceCollection AddLive(this IServiceCollection services) => services.AddSingleton<ILiveRunner, LiveRunner>();
}
