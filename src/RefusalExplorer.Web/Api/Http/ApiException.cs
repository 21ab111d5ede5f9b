namespace RefusalExplorer.Web.Api.Http;

/// <summary>A refusal of the HTTP API with its status.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="code">Word for programs (<c>not-found</c>); it ends the problem's type.</param>
/// <param name="message">One line that says what, where, what was expected and what to do.</param>
internal sealed class ApiException(int status, string code, string message) : Exception(message)
{
    /// <summary>HTTP status.</summary>
    public int Status => status;

    /// <summary>Word for programs.</summary>
    public string Code => code;

    /// <summary>There is no such thing.</summary>
    public static ApiException NotFound(string message) => new(StatusCodes.Status404NotFound, "not-found", message);

    /// <summary>It cannot be done in the state that things are in.</summary>
    public static ApiException Conflict(string message) => new(StatusCodes.Status409Conflict, "conflict", message);

    /// <summary>The request is wrong.</summary>
    public static ApiException BadRequest(string message) => new(StatusCodes.Status400BadRequest, "bad-request", message);
}
