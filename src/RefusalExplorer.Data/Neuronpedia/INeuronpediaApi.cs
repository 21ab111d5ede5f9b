using System.Text.Json;
using System.Text.Json.Serialization;
using Refit;

namespace RefusalExplorer.Data.Neuronpedia;

/// <summary>The three requests of Neuronpedia's API (https://www.neuronpedia.org/api-doc) that are made here.</summary>
internal interface INeuronpediaApi
{
    /// <summary>A feature with its explanations and activations.</summary>
    [Get("/api/feature/{model}/{source}/{index}")]
    Task<ApiResponse<JsonElement>> FeatureAsync(string model, string source, int index, CancellationToken cancellation);

    /// <summary>Several features; the answer is in no order to rely on and leaves out those that it has not.</summary>
    [Post("/api/features")]
    Task<ApiResponse<JsonElement>> FeaturesAsync([Body] IReadOnlyList<FeatureRequest> features, CancellationToken cancellation);

    /// <summary>Explanations by meaning.</summary>
    [Post("/api/explanation/search")]
    Task<ApiResponse<JsonElement>> SearchAsync([Body] SearchRequest search, CancellationToken cancellation);
}

/// <summary>One feature of a batch.</summary>
internal sealed record FeatureRequest(
    [property: JsonPropertyName("modelId")] string Model,
    [property: JsonPropertyName("layer")] string Source,
    [property: JsonPropertyName("index")] int Index,
    [property: JsonPropertyName("maxActsToReturn")] int Examples);

/// <summary>A search; the query has at least 3 characters.</summary>
internal sealed record SearchRequest(
    [property: JsonPropertyName("modelId")] string Model,
    [property: JsonPropertyName("layers")] IReadOnlyList<string> Sources,
    [property: JsonPropertyName("query")] string Query,
    [property: JsonPropertyName("offset")] int Offset);
