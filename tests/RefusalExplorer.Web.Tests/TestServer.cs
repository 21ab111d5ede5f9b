using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Pipeline.Ports;
using RefusalExplorer.Web.Hosting;
using RefusalExplorer.Web.Tests.Fakes;
using RefusalExplorer.Web.Warmup;

namespace RefusalExplorer.Web.Tests;

/// <summary>The whole app on a free port of this machine, with scripted runners instead of a model.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly string _folder;
    private readonly WebApplication _app;

    private TestServer(WebApplication app, string folder, ScriptedExperimentRunner experiments, MemoryRunStore runs)
    {
        (_app, _folder, Experiments, Runs) = (app, folder, experiments, runs);
        Address = new Uri(app.Urls.First());
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address };
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>A client that follows no redirects and keeps no cookies.</summary>
    public HttpClient Client { get; }

    /// <summary>The runner of experiments.</summary>
    public ScriptedExperimentRunner Experiments { get; }

    /// <summary>The store of runs.</summary>
    public MemoryRunStore Runs { get; }

    /// <summary>The app's services.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Starts it.</summary>
    /// <param name="settings">Settings below <c>RefusalExplorer:</c>, as <c>Access:Token=…</c>.</param>
    /// <param name="configure">Changes services last.</param>
    public static async Task<TestServer> StartAsync(IEnumerable<string>? settings = null, Action<IServiceCollection>? configure = null)
    {
        string folder = Directory.CreateTempSubdirectory("refusal-explorer-web-").FullName;
        var experiments = new ScriptedExperimentRunner();
        var runs = new MemoryRunStore();
        WebApplication app = Dashboard.Create(
            ["--urls", "http://127.0.0.1:0", $"--RefusalExplorer:DataFolder={folder}", .. (settings ?? []).Select(s => $"--RefusalExplorer:{s}")],
            builder =>
            {
                builder.Logging.ClearProviders();
                // Nobody needs the model here.
                builder.Services.Remove(builder.Services.Single(d => d.ServiceType == typeof(IHostedService) && d.ImplementationFactory?.Method.ReturnType == typeof(ModelWarmup)));
                builder.Services.AddSingleton<IExperimentRunner>(experiments);
                builder.Services.AddSingleton<IRunStore>(runs);
                configure?.Invoke(builder.Services);
            });
        await app.StartAsync();
        return new TestServer(app, folder, experiments, runs);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
