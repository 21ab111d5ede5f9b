using Microsoft.AspNetCore.Hosting.StaticWebAssets;
using MudBlazor.Services;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Web.Annotate;
using RefusalExplorer.Web.Api;
using RefusalExplorer.Web.Components;
using RefusalExplorer.Web.Hosting.Health;
using RefusalExplorer.Web.Hosting.Security;
using RefusalExplorer.Web.Hosting.Telemetry;
using RefusalExplorer.Web.Live;

namespace RefusalExplorer.Web.Hosting;

/// <summary>Builds the dashboard: for <c>Program</c> and for tests.</summary>
public static class Dashboard
{
    /// <summary>Where it listens unless told otherwise: this machine alone.</summary>
    public const string DefaultUrl = "http://127.0.0.1:5217";

    /// <summary>The app, ready to run.</summary>
    /// <param name="args">Settings as <c>--Key=value</c>; <c>--urls</c> says where to listen.</param>
    /// <param name="configure">Changes services last, for tests.</param>
    public static WebApplication Create(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = args,
            // The assets' manifest has this assembly's name, whichever program starts it.
            ApplicationName = typeof(Dashboard).Assembly.GetName().Name,
            // Settings and assets lie beside the program, wherever it was started from.
            ContentRootPath = AppContext.BaseDirectory,
        });
        if (string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.ServerUrlsKey]))
            builder.WebHost.UseUrls(DefaultUrl);
        // Unpublished output serves its assets through a manifest, which only Development loads by itself.
        StaticWebAssetsLoader.UseStaticWebAssets(builder.Environment, builder.Configuration);

        builder.Services.AddRefusalExplorer(builder.Configuration);
        AppSettings settings = AppSettings.Read(builder.Configuration);
        builder.AddSecurity(settings);
        builder.Services.AddApi(settings.Api);
        builder.Services.AddHealth();
        builder.Services.AddTelemetry(settings.Telemetry);
        builder.Services.AddDashboard();
        configure?.Invoke(builder);

        WebApplication app = builder.Build();
        app.UseDashboard(settings);
        return app;
    }

    private static void AddDashboard(this IServiceCollection services)
    {
        services.AddRazorComponents().AddInteractiveServerComponents();
        services.AddMudServices();
        services.AddDashboardServices();
    }

    private static void UseDashboard(this WebApplication app, AppSettings settings)
    {
        app.UseSecurity();
        app.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true);
        app.UseApi();
        app.UseAntiforgery();
        app.MapStaticAssets().OpenToVisitors();
        app.MapLogin();
        app.MapApi();
        app.MapWatch();
        app.MapAnnotate();
        app.MapHealth();
        app.MapTelemetry(settings.Telemetry);
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(o => o.ContentSecurityFrameAncestorsPolicy = "'none'");
    }
}
