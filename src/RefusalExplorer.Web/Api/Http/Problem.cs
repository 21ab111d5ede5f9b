using System.Text.Json;
using System.Text.RegularExpressions;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Web.Api.Http;

/// <summary>What went wrong, as both forms of error answers need it (RFC 9457, and OpenAI's).</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">Word for programs.</param>
/// <param name="Detail">One line for people.</param>
/// <param name="RetryAfter">Seconds after which the same request may work, or null.</param>
internal sealed partial record Problem(int Status, string Code, string Detail, int? RetryAfter = null)
{
    /// <summary>Seconds that those wait who found the queue full.</summary>
    public const int BusyRetryAfter = 2;

    /// <summary>Whether the fault is the program's own, so that it belongs into the log.</summary>
    public bool Unexpected => Status == StatusCodes.Status500InternalServerError;

    /// <summary>What an exception means to the client.</summary>
    public static Problem Of(Exception e) => e switch
    {
        ApiException api => new Problem(api.Status, api.Code, api.Message),
        BadHttpRequestException bad => new Problem(bad.StatusCode, CodeOf(bad.StatusCode), bad.InnerException is JsonException json ? OneLine(json) : OneLine(bad.Message)),
        JsonException json => new Problem(StatusCodes.Status400BadRequest, "bad-request", OneLine(json)),
        EngineBusyException => new Problem(StatusCodes.Status503ServiceUnavailable, "queue-full", e.Message, BusyRetryAfter),
        EngineMemoryException => new Problem(StatusCodes.Status507InsufficientStorage, "out-of-memory", e.Message),
        StoreException => new Problem(StatusCodes.Status507InsufficientStorage, "store", e.Message),
        EngineException => new Problem(StatusCodes.Status400BadRequest, "bad-request", OneLine(e.Message)),
        _ => new Problem(StatusCodes.Status500InternalServerError, "unexpected", "something unexpected went wrong; the log says what"),
    };

    /// <summary>What a bare status means.</summary>
    public static Problem Of(int status) => new(status, CodeOf(status), status switch
    {
        StatusCodes.Status404NotFound => "there is no such resource; /api/v1/openapi.json lists all",
        StatusCodes.Status405MethodNotAllowed => "this resource does not take that method; /api/v1/openapi.json lists what it takes",
        StatusCodes.Status413PayloadTooLarge => "the body is too large; raise RefusalExplorer:Api:MaxRequestBytes, or send less",
        StatusCodes.Status415UnsupportedMediaType => "expected a body of type application/json",
        _ => $"refused with status {status}",
    });

    /// <summary>A message on one line, without the names of our own types.</summary>
    public static string OneLine(string message) => TypeNames().Replace(message.ReplaceLineEndings(" "), "");

    private static string OneLine(JsonException e)
    {
        string message = OneLine(e.Message);
        int path = message.IndexOf(" Path: ", StringComparison.Ordinal);
        string what = path < 0 ? message : message[..path];
        return e.Path is { Length: > 0 } p ? $"the body at {p}: {what}" : $"the body: {what}";
    }

    private static string CodeOf(int status) => status switch
    {
        StatusCodes.Status404NotFound => "not-found",
        StatusCodes.Status405MethodNotAllowed => "method-not-allowed",
        StatusCodes.Status413PayloadTooLarge => "too-large",
        StatusCodes.Status415UnsupportedMediaType => "not-json",
        StatusCodes.Status429TooManyRequests => "too-many-requests",
        _ => "bad-request",
    };

    [GeneratedRegex(@"RefusalExplorer\.(\w+\.)+")]
    private static partial Regex TypeNames();
}
