using System.Security.Cryptography;

namespace RefusalExplorer.Web.Hosting.Security;

/// <summary>Headers that tell browsers to run nothing but our own files, send nothing elsewhere, and show us in nobody's frame.</summary>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    private const string NonceKey = "refusal-explorer-nonce";

    /// <summary>The value that lets this answer's own inline scripts (the import map) run.</summary>
    public static string Nonce(HttpContext context)
    {
        if (context.Items[NonceKey] is not string nonce)
            context.Items[NonceKey] = nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        return nonce;
    }

    public Task InvokeAsync(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy(context);
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        // Not no-referrer: browsers would then send "Origin: null" with our own forms.
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), fullscreen=(self), clipboard-write=(self)";
        return next(context);
    }

    // MudBlazor and Plotly set styles inline, hence 'unsafe-inline' for styles and for nothing else. The host was checked before.
    private static string Policy(HttpContext context) =>
        "default-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; " +
        $"script-src 'self' 'nonce-{Nonce(context)}'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; " +
        $"connect-src 'self' {(context.Request.IsHttps ? "wss" : "ws")}://{context.Request.Host}; manifest-src 'self'; worker-src 'self' blob:";
}
