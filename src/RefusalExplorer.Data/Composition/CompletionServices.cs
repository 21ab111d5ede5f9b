using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.Completions;
using RefusalExplorer.Pipeline.Presets;

namespace RefusalExplorer.Data.Composition;

/// <summary>Completions under edits, and edits with names.</summary>
internal static class CompletionServices
{
    public static IServiceCollection AddCompletions(this IServiceCollection services) => services
        .AddSingleton<CompletionRunner>()
        .AddSingleton<PresetLibrary>();
}
