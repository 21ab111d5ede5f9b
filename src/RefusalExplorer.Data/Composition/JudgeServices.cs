using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Engine.Hosting;
using RefusalExplorer.Pipeline.Catalog;
using RefusalExplorer.Pipeline.Judging;

namespace RefusalExplorer.Data.Composition;

/// <summary>The classifiers that the settings name.</summary>
internal static class JudgeServices
{
    public static IServiceCollection AddJudges(this IServiceCollection services, AppSettings settings)
    {
        if (settings.Judges.HarmBench is { Length: > 0 } harmBench)
            services.AddSingleton<IExchangeJudge>(p => new HarmBenchJudge(p.GetRequiredService<EngineHost>(), p.GetRequiredService<ModelCatalog>(), harmBench));
        if (settings.Judges.LlamaGuard is { Length: > 0 } guard)
            services.AddSingleton<IExchangeJudge>(p => new LlamaGuardJudge(p.GetRequiredService<EngineHost>(), p.GetRequiredService<ModelCatalog>(), guard));
        return services.AddEndpointJudge(settings.Judges.Endpoint);
    }
}
