using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using RefusalExplorer.Data.Composition;

namespace RefusalExplorer.Web.Hosting.Security;

/// <summary>Puts the guard, the headers and the sign-in into the app.</summary>
internal static class SecurityServices
{
    public const string LoginLimit = "login";
    private const int LoginsPerMinute = 10;

    /// <summary>Registers them.</summary>
    /// <exception cref="Engine.EngineException">The token is too short, or others could reach an address without one.</exception>
    public static void AddSecurity(this WebApplicationBuilder builder, AppSettings settings)
    {
        var policy = new AccessPolicy(settings.Access);
        ListenCheck.Check(builder.Configuration, policy);
        builder.Services.AddSingleton(policy);
        builder.Services.AddHostedService<ListenCheck>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = settings.Api.MaxRequestBytes;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        });
        builder.Services.AddDataProtection().SetApplicationName("RefusalExplorer")
            .PersistKeysToFileSystem(PrivateFolder(Path.Combine(settings.ResolvedDataFolder, "keys")));
        builder.Services.AddAntiforgery(o =>
        {
            o.Cookie.Name = "refusal-explorer-form";
            o.Cookie.HttpOnly = true;
            o.Cookie.SameSite = SameSiteMode.Strict;
        });
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(o =>
        {
            o.Cookie.Name = "refusal-explorer";
            o.Cookie.HttpOnly = true;
            o.Cookie.SameSite = SameSiteMode.Strict;
            o.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            o.ExpireTimeSpan = TimeSpan.FromDays(14);
            o.SlidingExpiration = true;
            o.LoginPath = LoginEndpoints.Path;
        });
        builder.Services.AddRateLimiter(o =>
        {
            o.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            o.AddPolicy(LoginLimit, context => RateLimitPartition.GetFixedWindowLimiter(
                context.Connection.RemoteIpAddress?.ToString() ?? "",
                _ => new FixedWindowRateLimiterOptions { PermitLimit = LoginsPerMinute, Window = TimeSpan.FromMinutes(1) }));
        });
    }

    /// <summary>Guards everything that comes after it.</summary>
    public static void UseSecurity(this WebApplication app)
    {
        app.UseMiddleware<SecurityHeaders>();
        app.UseWebSockets();
        app.UseRouting();
        app.UseMiddleware<AccessGuard>();
        app.UseRateLimiter();
    }

    // The keys sign the cookies: nobody else of this machine should read them.
    private static DirectoryInfo PrivateFolder(string path) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(path)
        : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
}
