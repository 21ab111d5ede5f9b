using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Data.Composition;

namespace RefusalExplorer.Cli;

/// <summary>What commands share: the two streams, and the services, made when a command first asks for one.</summary>
internal sealed class CliSession(TextWriter output, TextWriter error) : IAsyncDisposable
{
    private ServiceProvider? _services;

    /// <summary>Results.</summary>
    public TextWriter Output { get; } = output;

    /// <summary>Logs, progress and errors.</summary>
    public TextWriter Error { get; } = error;

    /// <summary>Settings: appsettings.json beside the program, then the one of the current folder, then environment variables.</summary>
    public static IConfiguration Configuration => new ConfigurationBuilder()
        .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
        .AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true)
        .AddEnvironmentVariables()
        .Build();

    /// <summary>A service.</summary>
    public T Get<T>()
        where T : notnull
    {
        _services ??= new ServiceCollection().AddLogging().AddRefusalExplorer(Configuration).BuildServiceProvider();
        return _services.GetRequiredService<T>();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
            await _services.DisposeAsync().ConfigureAwait(false);
    }
}
