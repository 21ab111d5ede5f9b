using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Dashboards;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Api.Http;
using RefusalExplorer.Web.Api.Limits;

namespace RefusalExplorer.Web.Api.Resources;

/// <summary>Features: those along the refusal direction, their dashboards, and what others say of them.</summary>
internal static class FeaturesApi
{
    private const int MostPerLayer = 1000, MostAtOnce = 500;

    public static void MapFeatures(this IEndpointRouteBuilder api)
    {
        api.MapGet("/models/{model}/features", SuggestAsync)
            .WithName("suggestFeatures").WithSummary("Features of each layer by cosine of their decoder row to the refusal direction, best first")
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/models/{model}/features/{feature}", DescribeAsync)
            .WithName("getFeature").WithSummary("What is known of a feature, with its dashboard if its layer has them").ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/explanations", Search)
            .WithName("searchExplanations").WithSummary("Imported explanations by word and phrase");
    }

    private static Task<IReadOnlyList<SuggestedFeature>> SuggestAsync(
        string model, HttpContext context, IExploreCatalog catalog, EngineTurns turns, PathRule paths, int top = 10, int[]? layer = null)
    {
        paths.Model(model);
        if (top is < 1 or > MostPerLayer)
            throw ApiException.BadRequest($"top {top}: expected 1 to {MostPerLayer} features a layer");
        return turns.RunAsync(context, ct => catalog.SuggestAsync(Known(model, catalog), top, layer is { Length: > 0 } ? layer : null, ct));
    }

    private static async Task<FeatureView> DescribeAsync(
        string model, string feature, HttpContext context, IExploreCatalog catalog, DashboardLibrary dashboards, EngineTurns turns)
    {
        if (!FeatureId.TryParse(feature, null, out FeatureId id))
            throw ApiException.BadRequest($"'{feature}' is no feature: expected L<layer>-<index>, for example L12-98");
        IReadOnlyList<SuggestedFeature> facts = await turns.RunAsync(context, ct => catalog.DescribeAsync(Known(model, catalog), [id], ct));
        DashboardFile? file = dashboards.TryOpen(model, id.Layer);
        return new FeatureView(facts[0], file?.Header, file?.Read(id.Index));
    }

    private static Page<Explanation> Search(
        IExplanationStore explanations, string? text = null, string? model = null, string? source = null, int[]? layer = null, int skip = 0, int take = 50)
    {
        if (skip < 0 || take < 0)
            throw ApiException.BadRequest("skip and take: expected numbers of at least 0");
        try
        {
            return explanations.Search(new ExplanationQuery
            {
                Text = text,
                Model = model,
                Source = source,
                Layers = [.. layer ?? []],
                Skip = skip,
                Take = Math.Min(take, MostAtOnce),
            });
        }
        catch (StoreException e)
        {
            throw ApiException.BadRequest(e.Message);
        }
    }

    private static string Known(string model, IExploreCatalog catalog) => catalog.Models.Any(m => m.Name == model)
        ? model
        : throw ApiException.NotFound($"model '{model}': there is none of that name; GET /api/v1/models lists all");

    /// <summary>A feature.</summary>
    /// <param name="Facts">Its cosine to the refusal direction, and statistics.</param>
    /// <param name="Source">Where its dashboard comes from; null where none was made.</param>
    /// <param name="Dashboard">Examples, histogram, logits, neighbours; null where none was made.</param>
    internal sealed record FeatureView(SuggestedFeature Facts, DashboardHeader? Source, FeatureDashboard? Dashboard);
}
