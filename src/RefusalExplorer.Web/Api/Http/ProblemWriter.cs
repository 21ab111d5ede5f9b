using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;

namespace RefusalExplorer.Web.Api.Http;

/// <summary>Writes error answers: problem details (RFC 9457) below <c>/api</c>, OpenAI's form below <c>/v1</c>.</summary>
internal static class ProblemWriter
{
    /// <summary>Whether a request is one of the HTTP API, in either form.</summary>
    public static bool IsApi(HttpContext context) => context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal) || IsOpenAi(context);

    /// <summary>Whether a request is one of the OpenAI-compatible form.</summary>
    public static bool IsOpenAi(HttpContext context) => context.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal);

    /// <summary>Answers with a problem.</summary>
    public static Task WriteAsync(HttpContext context, Problem problem)
    {
        HttpResponse response = context.Response;
        response.StatusCode = problem.Status;
        if (problem.RetryAfter is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return IsOpenAi(context)
            ? response.WriteAsJsonAsync(OpenAiForm(problem), options: null, contentType: "application/json", context.RequestAborted)
            : response.WriteAsJsonAsync(Form(problem), options: null, contentType: "application/problem+json", context.RequestAborted);
    }

    /// <summary>A problem in the middle of a stream.</summary>
    public static StreamEvent Event(HttpContext context, Problem problem) =>
        IsOpenAi(context) ? new StreamEvent(null, OpenAiForm(problem)) : new StreamEvent("error", Form(problem));

    /// <summary>RFC 9457.</summary>
    public static object Form(Problem problem) => new
    {
        type = $"urn:refusal-explorer:{problem.Code}",
        title = ReasonPhrases.GetReasonPhrase(problem.Status),
        status = problem.Status,
        detail = problem.Detail,
    };

    /// <summary>As OpenAI's clients read it.</summary>
    public static object OpenAiForm(Problem problem) => new
    {
        error = new
        {
            message = problem.Detail,
            type = problem.Status switch
            {
                StatusCodes.Status429TooManyRequests => "rate_limit_error",
                StatusCodes.Status401Unauthorized => "authentication_error",
                < 500 => "invalid_request_error",
                _ => "server_error",
            },
            param = (string?)null,
            code = problem.Code.Replace('-', '_'),
        },
    };
}
