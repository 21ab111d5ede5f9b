using System.Net;
using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace RefusalExplorer.Web.Hosting.Security;

/// <summary>The sign-in with the access token: a page without scripts, since a visitor who is not known is sent nothing else.</summary>
internal static class LoginEndpoints
{
    public const string Path = "/login";
    public const string StampClaim = "refusal-explorer-stamp";

    public static void MapLogin(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, (HttpContext context, IAntiforgery antiforgery, string? returnUrl) => Page(context, antiforgery, returnUrl, null))
            .WithMetadata(new OpenToAll()).ExcludeFromDescription();
        routes.MapPost(Path, SignInAsync).WithMetadata(new OpenToAll()).DisableAntiforgery()
            .RequireRateLimiting(SecurityServices.LoginLimit).ExcludeFromDescription();
        routes.MapPost("/logout", async (HttpContext context) =>
        {
            await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            return Results.Redirect(Path);
        }).ExcludeFromDescription();
    }

    private static async Task<IResult> SignInAsync(HttpContext context, AccessPolicy policy, IAntiforgery antiforgery)
    {
        // Checked here and not by the middleware, so that an old form gets a fresh one instead of an error page.
        if (!context.Request.HasFormContentType || !await antiforgery.IsRequestValidAsync(context))
            return Page(context, antiforgery, null, "The form was too old; try again.");
        IFormCollection form = await context.Request.ReadFormAsync(context.RequestAborted);
        string? returnUrl = form["returnUrl"];
        if (!policy.IsToken(form["token"]))
            return Page(context, antiforgery, returnUrl, "That is not the access token.", StatusCodes.Status401Unauthorized);
        var identity = new ClaimsIdentity([new Claim(StampClaim, policy.Stamp)], CookieAuthenticationDefaults.AuthenticationScheme);
        await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, new ClaimsPrincipal(identity));
        return Results.LocalRedirect(Local(returnUrl));
    }

    /// <summary>An address of this site, whatever was asked for.</summary>
    internal static string Local(string? url) =>
        url is ['/', ..] && !url.StartsWith("//", StringComparison.Ordinal) && !url.StartsWith("/\\", StringComparison.Ordinal) &&
        !url.Any(char.IsControl) && !url.StartsWith(Path, StringComparison.OrdinalIgnoreCase)
            ? url
            : "/";

    private static IResult Page(HttpContext context, IAntiforgery antiforgery, string? returnUrl, string? error, int status = StatusCodes.Status200OK)
    {
        AntiforgeryTokenSet tokens = antiforgery.GetAndStoreTokens(context);
        string html = $$"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
              <meta charset="utf-8">
              <meta name="viewport" content="width=device-width, initial-scale=1">
              <meta name="color-scheme" content="light dark">
              <title>Sign in · RefusalExplorer</title>
              <style>
                body { font: 16px/1.5 system-ui, sans-serif; display: grid; place-content: center; min-height: 100vh; margin: 0; }
                form { display: grid; gap: 12px; width: min(340px, 90vw); }
                input, button { font: inherit; padding: 10px 12px; }
                [role=alert] { color: #c62828; margin: 0; }
              </style>
            </head>
            <body>
              <main>
                <h1>RefusalExplorer</h1>
                <form method="post" action="{{Path}}">
                  <label for="token">Access token</label>
                  <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
                  {{(error is null ? "" : $"<p role=\"alert\">{WebUtility.HtmlEncode(error)}</p>")}}
                  <input type="hidden" name="returnUrl" value="{{WebUtility.HtmlEncode(Local(returnUrl))}}">
                  <input type="hidden" name="{{tokens.FormFieldName}}" value="{{WebUtility.HtmlEncode(tokens.RequestToken)}}">
                  <button type="submit">Sign in</button>
                </form>
              </main>
            </body>
            </html>
            """;
        context.Response.Headers.CacheControl = "no-store";
        return Results.Content(html, "text/html", Encoding.UTF8, status);
    }
}
