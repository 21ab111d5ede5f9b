namespace RefusalExplorer.Web.Api.Http;

/// <summary>Turns exceptions and bare error statuses of the HTTP API into error answers.</summary>
internal sealed class ApiErrors(RequestDelegate next, OtherMethods methods, ILogger<ApiErrors> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null })
                await ProblemWriter.WriteAsync(context, Problem.Of(StatusOf(context)));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client is gone; nobody reads an answer.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            Problem problem = Problem.Of(e);
            if (problem.Unexpected)
                logger.LogError(e, "{Method} {Route} failed", context.Request.Method, (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText);
            await ProblemWriter.WriteAsync(context, problem);
        }
    }

    private int StatusOf(HttpContext context)
    {
        if (context.Response.StatusCode != StatusCodes.Status404NotFound || methods.Of(context.Request.Path) is not { Count: > 0 } taken)
            return context.Response.StatusCode;
        context.Response.Headers.Allow = string.Join(", ", taken);
        return StatusCodes.Status405MethodNotAllowed;
    }
}
