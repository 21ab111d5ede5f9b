using System.Text.Json;
using System.Text.Json.Serialization;
using Refit;

namespace RefusalExplorer.Data.Judging;

/// <summary>The one request that a judge needs of an OpenAI-compatible endpoint (https://platform.openai.com/docs/api-reference/chat/create).</summary>
internal interface IEndpointApi
{
    /// <summary>A chat completion.</summary>
    [Post("/chat/completions")]
    Task<ApiResponse<JsonElement>> CompleteAsync([Body] EndpointRequest request, CancellationToken cancellation);
}

/// <summary>All that is sent.</summary>
internal sealed record EndpointRequest(
    [property: JsonPropertyName("model")] string Model,
    [property: JsonPropertyName("messages")] IReadOnlyList<EndpointMessage> Messages,
    [property: JsonPropertyName("max_tokens")] int MaxTokens = 8,
    [property: JsonPropertyName("temperature")] double Temperature = 0);

/// <summary>A turn.</summary>
internal sealed record EndpointMessage([property: JsonPropertyName("role")] string Role, [property: JsonPropertyName("content")] string Content);
