using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using RefusalExplorer.Web.Api.Http;

namespace RefusalExplorer.Web.Hosting.Security;

/// <summary>Turns away who may not be served, before anything else looks at the request.</summary>
internal sealed class AccessGuard(RequestDelegate next, AccessPolicy policy)
{
    public async Task InvokeAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (!policy.ServesAddress(context.Connection.LocalIpAddress))
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "only this machine is served; set RefusalExplorer:Access:Token to serve others");
        }
        else if (!policy.ServesHost(request.Host))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest,
                "this host name is not served; use the address in numbers, or add the name to RefusalExplorer:Access:AllowedHosts");
        }
        else if (ChangesSomething(context) && !AccessPolicy.IsSameOrigin(request))
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "the request comes from a page of another origin");
        }
        else if (policy.NeedsToken && !IsOpen(context) && !await IsKnownAsync(context))
        {
            if (HttpMethods.IsGet(request.Method) && request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal))
                context.Response.Redirect($"{LoginEndpoints.Path}?returnUrl={Uri.EscapeDataString(request.Path + request.QueryString)}");
            else
                await RefuseAsync(context, StatusCodes.Status401Unauthorized, "expected the header 'Authorization: Bearer <the access token>', or a sign-in");
        }
        else
        {
            await next(context);
        }
    }

    private static bool ChangesSomething(HttpContext context) =>
        context.WebSockets.IsWebSocketRequest ||
        !(HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || HttpMethods.IsOptions(context.Request.Method));

    // Health says nothing but whether the process lives; those who watch by link are known by the link.
    private static bool IsOpen(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<OpenToAll>() is not null;

    private async Task<bool> IsKnownAsync(HttpContext context)
    {
        if (policy.IsAuthorized(context.Request.Headers.Authorization))
            return true;
        AuthenticateResult signIn = await context.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        return signIn.Succeeded && signIn.Principal.FindFirst(LoginEndpoints.StampClaim)?.Value == policy.Stamp;
    }

    private static Task RefuseAsync(HttpContext context, int status, string detail)
    {
        if (status == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Bearer";
        return ProblemWriter.WriteAsync(context, new Problem(status, status == StatusCodes.Status401Unauthorized ? "unauthorized" : "not-served", detail));
    }
}

/// <summary>Marks an endpoint that needs no token.</summary>
internal sealed class OpenToAll;
