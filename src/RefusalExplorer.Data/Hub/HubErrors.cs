using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;

namespace RefusalExplorer.Data.Hub;

/// <summary>Puts the hub's refusals and the network's failures into the words of their cause.</summary>
internal sealed class HubErrors(HubOptions options)
{
    /// <summary>Whether another attempt may help. A 429 is not among these: the hub says itself when to come back.</summary>
    public static bool IsTransient(HttpStatusCode status) => status is HttpStatusCode.RequestTimeout || (int)status >= 500;

    /// <summary>The exception for an answer that another attempt cannot change.</summary>
    public HubException Refusal(string repo, string what, HttpStatusCode status, HttpResponseHeaders headers)
    {
        string code = Header(headers, "X-Error-Code");
        HubToken? token = options.Token();
        string page = $"{options.Endpoint.ToString().TrimEnd('/')}/{repo}";
        return (status, code) switch
        {
            (HttpStatusCode.Forbidden, "GatedRepo") or (HttpStatusCode.Unauthorized, "GatedRepo") when token is not null => new(HubFault.NotAccepted,
                $"{repo}: gated, and its terms are not accepted by the owner of the {token}; accept them at {page}, then try again"),
            (_, "GatedRepo") => new(HubFault.TokenMissing,
                $"{repo}: gated, and no token was found; accept its terms at {page}, then set HF_TOKEN or log in with 'hf auth login'"),
            (_, "RevisionNotFound") => new(HubFault.RevisionNotFound, $"{repo}: there is no revision '{what}'"),
            (_, "EntryNotFound") => new(HubFault.FileNotFound, $"{repo}: there is no file '{what}'"),
            (_, "DisabledRepo") => new(HubFault.RepositoryNotFound, $"{repo}: the hub has disabled this repository"),
            (HttpStatusCode.Unauthorized, _) when token is not null && Header(headers, "X-Error-Message").Contains("Invalid", StringComparison.OrdinalIgnoreCase) =>
                new(HubFault.TokenRejected, $"{options.Endpoint.Host}: the {token} is not valid; log in again with 'hf auth login', or remove it"),
            (HttpStatusCode.NotFound, _) or (_, "RepoNotFound") or (HttpStatusCode.Unauthorized, _) => new(HubFault.RepositoryNotFound,
                $"{repo}: there is no such repository at {options.Endpoint.Host}, or it is private{(token is null ? " and no token was found (HF_TOKEN)" : $" to others than the owner of the {token}")}"),
            (HttpStatusCode.Forbidden, _) => new(HubFault.NotAccepted, $"{repo}: {options.Endpoint.Host} refuses '{what}' (403{Reason(headers)})"),
            _ => new(HubFault.Server, $"{repo}: {options.Endpoint.Host} answered {(int)status}{Reason(headers)} for '{what}'"),
        };
    }

    /// <summary>The exception for a failure that outlived its attempts.</summary>
    public HubException GaveUp(string repo, string what, Exception? cause, HttpStatusCode? status)
    {
        if (status is { } s)
            return new HubException(HubFault.Server, $"{repo}: {options.Endpoint.Host} answered {(int)s} {options.Attempts} times for '{what}'; try again later, what was fetched is kept", cause);
        return Unreachable(repo, cause) ??
            new HubException(HubFault.Server, $"{repo}: the connection broke {options.Attempts} times at '{what}' ({Short(cause)}); try again, what was fetched is kept", cause);
    }

    /// <summary>The exception for a hub that cannot be reached at all, or null where the failure is another one.</summary>
    public HubException? Unreachable(string repo, Exception? cause)
    {
        if (cause is HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.ProxyTunnelError })
            return new HubException(HubFault.Offline, $"{repo}: cannot reach {options.Endpoint.Host} ({Short(cause)}); is this computer offline, or does HTTPS_PROXY or HF_ENDPOINT need a change?", cause);
        if (cause is HttpRequestException { InnerException: AuthenticationException })
            return new HubException(HubFault.Offline, $"{repo}: {options.Endpoint.Host} shows a certificate that is not trusted ({Short(cause.InnerException)}); is a proxy in between?", cause);
        return null;
    }

    /// <summary>Whether a failure is worth another attempt.</summary>
    public static bool IsTransient(Exception e) => e switch
    {
        HttpRequestException { InnerException: AuthenticationException } => false,
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => false,
        HttpRequestException or TimeoutException or SocketException => true,
        IOException io => !DiskFaults.IsFull(io),
        _ => false,
    };

    public static string Short(Exception? e)
    {
        while (e?.InnerException is not null)
            e = e.InnerException;
        return e?.Message.ReplaceLineEndings(" ").TrimEnd('.') ?? "no answer";
    }

    private static string Reason(HttpResponseHeaders headers) => Header(headers, "X-Error-Message") is { Length: > 0 } message ? $": {message.TrimEnd('.')}" : "";

    private static string Header(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(" ", values).ReplaceLineEndings(" ") : "";
}
