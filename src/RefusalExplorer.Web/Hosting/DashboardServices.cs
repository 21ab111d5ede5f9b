using RefusalExplorer.Web.Analyses;
using RefusalExplorer.Web.Annotations;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Features;
using RefusalExplorer.Web.Interop;
using RefusalExplorer.Web.Live;
using RefusalExplorer.Web.Models;
using RefusalExplorer.Web.Runs;
using RefusalExplorer.Web.Studies;
using RefusalExplorer.Web.Theme;
using RefusalExplorer.Web.Warmup;

namespace RefusalExplorer.Web.Hosting;

/// <summary>The dashboard's own services.</summary>
internal static class DashboardServices
{
    public static IServiceCollection AddDashboardServices(this IServiceCollection services)
    {
        services.AddSingleton<RunHub>();
        services.AddSingleton<ExperimentRuns>();
        services.AddSingleton<DashboardRuns>();
        services.AddSingleton<ModelWarmup>();
        services.AddSingleton<IModelReadiness>(s => s.GetRequiredService<ModelWarmup>());
        services.AddHostedService(s => s.GetRequiredService<ModelWarmup>());
        services.AddSingleton<INoticeSource, StoreNoticeSource>();
        services.AddSingleton<SuggestionCache>();
        services.AddSingleton<LiveSessions>();
        services.AddSingleton<CacheChecks>();
        services.AddAnalysisPages();
        services.AddSingleton<PullRuns>();
        services.AddSingleton<ImportRuns>();
        services.AddSingleton<LoadedModels>();
        services.AddSingleton<LocalPaths>();
        services.AddSingleton<FeatureRows>();
        services.AddSingleton<FeatureFactsReader>();
        services.AddScoped<AnnotatorName>();
        services.AddStudyPages();
        services.AddScoped<BrowserInterop>();
        services.AddScoped<PlotlyScript>();
        services.AddScoped<ThemeState>();
        services.AddScoped<HotkeyService>();
        return services;
    }
}
