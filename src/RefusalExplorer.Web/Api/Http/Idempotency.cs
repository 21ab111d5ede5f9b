using System.Security.Cryptography;
using System.Text;

namespace RefusalExplorer.Web.Api.Http;

/// <summary>
/// A POST with the header <c>Idempotency-Key</c> is done once: sent again, it gets the first answer again. The same key with another body is
/// refused (422), and so is one whose first request is still under way (409). Failures are not kept, so that a retry tries again.
/// </summary>
internal sealed class Idempotency(RequestDelegate next, KeptAnswers answers)
{
    /// <summary>The header.</summary>
    public const string Header = "Idempotency-Key";

    private const int LongestKey = 255;

    public async Task InvokeAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || KeyOf(context) is not { } key)
        {
            await next(context);
            return;
        }
        string fingerprint = await FingerprintAsync(context.Request, context.RequestAborted);
        KeptAnswers.Entry entry = answers.Begin($"{context.Request.Path} {key}", fingerprint, out bool first);
        if (!first)
        {
            await ReplayAsync(context, entry, fingerprint);
            return;
        }
        Stream wire = context.Response.Body;
        using var body = new MemoryStream();
        context.Response.Body = body;
        try
        {
            await next(context);
            context.Response.Body = wire;
            if (context.Response.StatusCode < 400)
                answers.Keep(entry, new KeptAnswer(context.Response.StatusCode, context.Response.ContentType, context.Response.Headers.Location, body.ToArray()));
            else
                answers.Forget(entry);
            await wire.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted);
        }
        catch
        {
            answers.Forget(entry);
            throw;
        }
        finally
        {
            context.Response.Body = wire;
        }
    }

    /// <summary>The request's key, or null where it has none.</summary>
    /// <exception cref="ApiException">It is too long.</exception>
    public static string? KeyOf(HttpContext context)
    {
        string key = context.Request.Headers[Header].ToString();
        return key.Length <= LongestKey
            ? key.Length == 0 ? null : key
            : throw ApiException.BadRequest($"{Header} has {key.Length} characters; expected at most {LongestKey}, a UUID for example");
    }

    /// <summary>A run's id that follows from the key, so that the run is found again even after a restart; null without a key.</summary>
    /// <param name="context">The request.</param>
    /// <param name="kind">Kind of the run.</param>
    /// <param name="body">What is asked, where the run's record does not hold it as it was sent: another body is then another run.</param>
    public static string? RunIdOf(HttpContext context, string kind, string body = "") =>
        KeyOf(context) is { } key ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}\n{key}\n{body}")))[..32] : null;

    /// <summary>Refuses a key that belongs to another request.</summary>
    public static ApiException OtherRequest() => new(StatusCodes.Status422UnprocessableEntity, "key-reused",
        $"this {Header} belongs to another request; choose a new key for each request");

    private static async Task<string> FingerprintAsync(HttpRequest request, CancellationToken cancellation)
    {
        request.EnableBuffering();
        byte[] hash = await SHA256.HashDataAsync(request.Body, cancellation);
        request.Body.Position = 0;
        return $"{request.QueryString} {Convert.ToHexString(hash)}";
    }

    private static async Task ReplayAsync(HttpContext context, KeptAnswers.Entry entry, string fingerprint)
    {
        if (entry.Fingerprint != fingerprint)
            throw OtherRequest();
        if (entry.Answer is not { } answer)
        {
            throw new ApiException(StatusCodes.Status409Conflict, "in-progress",
                $"the first request with this {Header} is still under way; ask again in a moment");
        }
        HttpResponse response = context.Response;
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        response.Headers.Location = answer.Location;
        response.Headers["Idempotency-Replayed"] = "true";
        await response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }
}
