using System.CommandLine;
using System.Diagnostics;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Cli.Commands;

/// <summary>
/// <c>serve</c>: the dashboard and the HTTP API. They are a program of their own, so that the command line needs no web server; this starts it and
/// ends with it.
/// </summary>
internal static class ServeCommand
{
    private const string Program = "RefusalExplorer.Web";

    public static Command Create(CommandFactory factory)
    {
        var urls = new Option<string?>("--urls") { Description = "Where to listen, http://127.0.0.1:5217 if left out; other machines need RefusalExplorer__Access__Token set" };
        return factory.Create("serve", "The dashboard and the HTTP API", [urls], async (context, cancellation) =>
        {
            ProcessStartInfo start = Find(AppContext.BaseDirectory);
            if (context.Arguments.GetValue(urls) is { } where)
            {
                start.ArgumentList.Add("--urls");
                start.ArgumentList.Add(where);
            }
            using Process dashboard = Process.Start(start) ?? throw new EngineException($"{start.FileName}: could not be started");
            try
            {
                await dashboard.WaitForExitAsync(cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Ctrl-C reached it too where a terminal is shared; elsewhere nobody else would stop it, and this program has two seconds. The store
                // outlives it: nothing that was acknowledged is lost.
                if (!dashboard.WaitForExit(TimeSpan.FromSeconds(1)))
                    dashboard.Kill(entireProcessTree: true);
                throw;
            }
            return dashboard.ExitCode;
        });
    }

    /// <summary>How to start the dashboard: beside this program where both are published into one folder, else where a checkout builds it.</summary>
    /// <param name="folder">This program's folder.</param>
    /// <exception cref="EngineException">It is at neither place.</exception>
    internal static ProcessStartInfo Find(string folder)
    {
        string built = folder.Replace("RefusalExplorer.Cli", Program, StringComparison.Ordinal);
        foreach (string place in new[] { folder, built })
        {
            string program = Path.Combine(place, OperatingSystem.IsWindows() ? Program + ".exe" : Program);
            if (File.Exists(program))
                return new ProcessStartInfo(program);
        }
        throw new EngineException(
            $"{folder}: {Program} is not here; publish it into this folder (dotnet publish src/{Program}), or in a checkout use dotnet run --project src/{Program}");
    }
}
