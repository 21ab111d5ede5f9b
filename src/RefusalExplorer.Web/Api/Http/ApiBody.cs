using System.Text.Json;

namespace RefusalExplorer.Web.Api.Http;

/// <summary>Bodies whose form depends on what is in them, or that a reader of their own checks.</summary>
internal static class ApiBody
{
    /// <summary>The body as JSON.</summary>
    /// <exception cref="ApiException">It is of another type.</exception>
    /// <exception cref="JsonException">It is no JSON, or nested too deeply.</exception>
    public static async Task<JsonElement> ReadAsync(HttpContext context)
    {
        if (!context.Request.HasJsonContentType())
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, "not-json", "expected a body of type application/json");
        using JsonDocument document = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        return document.RootElement.Clone();
    }

    /// <summary>The same where the body may be left out: an empty object then.</summary>
    /// <exception cref="ApiException">It is of another type.</exception>
    /// <exception cref="JsonException">It is no JSON, or nested too deeply.</exception>
    public static async Task<JsonElement> ReadOptionalAsync(HttpContext context)
    {
        // Clients that send in pieces tell no length.
        context.Request.EnableBuffering();
        var first = new byte[1];
        bool empty = await context.Request.Body.ReadAsync(first, context.RequestAborted) == 0;
        context.Request.Body.Position = 0;
        return empty ? JsonSerializer.SerializeToElement(new object()) : await ReadAsync(context);
    }
}
