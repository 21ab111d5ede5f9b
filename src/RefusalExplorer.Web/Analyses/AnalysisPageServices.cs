namespace RefusalExplorer.Web.Analyses;

/// <summary>What the pages of analyses need.</summary>
internal static class AnalysisPageServices
{
    public static IServiceCollection AddAnalysisPages(this IServiceCollection services) => services
        .AddSingleton<AnalysisRuns>()
        .AddSingleton<Judging.ResponseLibrary>()
        .AddSingleton<Reports.StudyReports>()
        .AddSingleton<StudyFeatures>()
        .AddSingleton<ExploreLinks>()
        .AddSingleton<AnalysisRequests>();
}
