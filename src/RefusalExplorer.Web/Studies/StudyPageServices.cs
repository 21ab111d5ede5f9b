namespace RefusalExplorer.Web.Studies;

/// <summary>What the studies' pages need.</summary>
internal static class StudyPageServices
{
    public static IServiceCollection AddStudyPages(this IServiceCollection services)
    {
        services.AddSingleton<StudyDesk>();
        return services;
    }
}
