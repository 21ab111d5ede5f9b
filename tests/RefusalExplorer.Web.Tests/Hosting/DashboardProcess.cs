using System.Diagnostics;
using System.Text.RegularExpressions;
using RefusalExplorer.Web.Tests.Fakes;

namespace RefusalExplorer.Web.Tests.Hosting;

/// <summary>The dashboard as its users start it: a process of its own, with a tiny model as the default one.</summary>
internal sealed partial class DashboardProcess : IAsyncDisposable
{
    private readonly Process _process;

    private DashboardProcess(Process process, Uri address)
    {
        _process = process;
        Client = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
    }

    public HttpClient Client { get; }

    /// <summary>Starts it on a free port and returns when it listens.</summary>
    /// <param name="data">Its data folder.</param>
    /// <param name="model">Folder of the tiny model, which stands where the demo model is.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="program">Folder of the program; null: the one that these tests were built with.</param>
    public static async Task<DashboardProcess> StartAsync(string data, string model, CancellationToken cancellation, string? program = null)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
            ArgumentList = { Path.Combine(program ?? AppContext.BaseDirectory, "RefusalExplorer.Web.dll"), "--urls", "http://127.0.0.1:0", $"--RefusalExplorer:DataFolder={data}" },
        };
        foreach (string setting in TinyChatModel.Settings(model, "demo"))
            start.ArgumentList.Add($"--RefusalExplorer:{setting}");
        Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellation);
        var said = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(cancellation) is { } line)
        {
            said.Add(line);
            if (Listening().Match(line) is not { Success: true } match)
                continue;
            // A pipe that nobody reads would hold it up in the end.
            _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            return new DashboardProcess(process, new Uri(match.Groups[1].Value));
        }
        throw new InvalidOperationException($"it ended before it listened: {string.Join('\n', said)} {await errors}");
    }

    /// <summary>Ends it in the middle of whatever it does (SIGKILL).</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    [GeneratedRegex(@"Listening on (http://\S+) for this machine alone")]
    private static partial Regex Listening();
}
