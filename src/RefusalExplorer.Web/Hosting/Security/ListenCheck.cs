using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using RefusalExplorer.Data.Composition;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Web.Hosting.Security;

/// <summary>Refuses to listen where others can reach it unless a token is set, and says at the start who is served.</summary>
internal sealed class ListenCheck(AccessPolicy policy, IServer server, IHostApplicationLifetime lifetime, ILogger<ListenCheck> logger) : IHostedService
{
    /// <summary>Checks the addresses of the settings, before anything listens.</summary>
    /// <exception cref="EngineException">One of them is not this machine alone, and there is no token.</exception>
    public static void Check(IConfiguration configuration, AccessPolicy policy)
    {
        if (policy.NeedsToken)
            return;
        foreach (string url in Addresses(configuration).Where(u => !IsLoopback(u)))
        {
            throw new EngineException(
                $"{url} can be reached from other machines, and there is no access token; set {AppSettings.Section}:Access:Token " +
                $"(at least {AccessSettings.ShortestToken} characters), or listen on {Dashboard.DefaultUrl}");
        }
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStarted.Register(() =>
        {
            string addresses = string.Join(", ", server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []);
            if (policy.NeedsToken)
                logger.LogInformation("Listening on {Addresses} for whoever has the access token", addresses);
            else
                logger.LogInformation("Listening on {Addresses} for this machine alone", addresses);
        });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static IEnumerable<string> Addresses(IConfiguration configuration)
    {
        IEnumerable<string> endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(e => e["Url"]).OfType<string>();
        string[] urls = (configuration[WebHostDefaults.ServerUrlsKey] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        // Ports alone mean every address.
        IEnumerable<string> ports = urls.Length > 0
            ? []
            : new[] { WebHostDefaults.HttpPortsKey, WebHostDefaults.HttpsPortsKey }
                .SelectMany(k => (configuration[k] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries)).Select(p => $"http://*:{p}");
        return endpoints.Concat(urls).Concat(ports);
    }

    /// <summary>Whether an address is this machine alone.</summary>
    internal static bool IsLoopback(string url)
    {
        string host = BindingAddress.Parse(url).Host;
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ||
            host.StartsWith("unix:", StringComparison.OrdinalIgnoreCase) ||
            (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));
    }
}
