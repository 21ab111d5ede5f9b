using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Api.Http;

namespace RefusalExplorer.Web.Api.Resources;

/// <summary>The prompt sets.</summary>
internal static class PromptsApi
{
    private const int MostAtOnce = 1000;

    public static void MapPrompts(this IEndpointRouteBuilder api)
    {
        api.MapGet("/prompts", (IExploreCatalog catalog) => catalog.PromptSets.Select(s => new PromptSetSummary(s.Name, s.Harmful, s.Items.Length)))
            .WithName("listPromptSets").WithSummary("Prompt sets");
        api.MapGet("/prompts/{set}", (string set, IExploreCatalog catalog, int skip = 0, int take = 100) =>
            {
                PromptSet found = catalog.PromptSets.FirstOrDefault(s => s.Name == set) ??
                    throw ApiException.NotFound($"prompt set '{set}': expected one of {string.Join(", ", catalog.PromptSets.Select(s => s.Name))}");
                return found with { Items = [.. found.Items.Skip(skip).Take(Math.Clamp(take, 0, MostAtOnce))] };
            })
            .WithName("getPromptSet").WithSummary("Prompts of a set").ProducesProblem(StatusCodes.Status404NotFound);
    }

    /// <summary>A prompt set without its prompts.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Harmful">Whether its prompts ask for harm.</param>
    /// <param name="Count">Prompts in it.</param>
    internal sealed record PromptSetSummary(string Name, bool Harmful, int Count);
}
