using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Api.Http;

namespace RefusalExplorer.Web.Api.Resources;

/// <summary>The configured models.</summary>
internal static class ModelsApi
{
    public static void MapModels(this IEndpointRouteBuilder api)
    {
        api.MapGet("/models", (IExploreCatalog catalog) => catalog.Models)
            .WithName("listModels").WithSummary("Configured models, the default first, and what each lacks to run");
        api.MapGet("/models/{name}", (string name, IExploreCatalog catalog) =>
                catalog.Models.FirstOrDefault(m => m.Name == name) ?? throw ApiException.NotFound($"model '{name}': there is none of that name; GET /api/v1/models lists all"))
            .WithName("getModel").WithSummary("A configured model").ProducesProblem(StatusCodes.Status404NotFound);
    }
}
