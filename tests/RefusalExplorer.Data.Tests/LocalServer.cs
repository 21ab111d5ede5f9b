using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace RefusalExplorer.Data.Tests;

/// <summary>A request as it arrived.</summary>
public sealed record SeenRequest(string Method, string Path, string Query, string? Authorization, string? ApiKey, string? Range, string? UserAgent, string Body);

/// <summary>Kestrel on a free loopback port, playing a peer.</summary>
public sealed class LocalServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LocalServer(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
    }

    public Uri Address { get; }

    public ConcurrentQueue<SeenRequest> Seen { get; } = new();

    public static async Task<LocalServer> StartAsync(Func<HttpContext, Task> answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        LocalServer? server = null;
        app.Run(async context =>
        {
            HttpRequest r = context.Request;
            using var reader = new StreamReader(r.Body);
            string body = await reader.ReadToEndAsync();
            context.Items["body"] = body;
            server!.Seen.Enqueue(new SeenRequest(
                r.Method, context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget.Split('?')[0], r.QueryString.Value ?? "",
                r.Headers.Authorization.FirstOrDefault(), r.Headers["x-api-key"].FirstOrDefault(), r.Headers.Range.FirstOrDefault(),
                r.Headers.UserAgent.FirstOrDefault(), body));
            await answer(context);
        });
        await app.StartAsync();
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return server = new LocalServer(app, new Uri(address));
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
