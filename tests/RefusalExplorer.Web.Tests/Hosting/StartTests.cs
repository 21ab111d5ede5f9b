using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace RefusalExplorer.Web.Tests.Hosting;

public sealed class StartTests
{
    [Fact]
    public async Task ListeningForOthersWithoutAToken_EndsWithOneLine()
    {
        (int code, string[] lines) = await RunAsync("--urls", "http://0.0.0.0:0");
        Assert.Equal(2, code);
        Assert.Contains("Access:Token", Assert.Single(lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddressThatIsTaken_EndsWithALineThatSaysSo()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        string folder = Directory.CreateTempSubdirectory("refusal-explorer-start-").FullName;
        (int code, string[] lines) = await RunAsync("--urls", $"http://{taken.LocalEndpoint}", $"--RefusalExplorer:DataFolder={folder}");
        Directory.Delete(folder, recursive: true);
        Assert.Equal(2, code);
        Assert.Contains("--urls", Assert.Single(lines), StringComparison.Ordinal);
    }

    private static async Task<(int Code, string[] Errors)> RunAsync(params string[] args)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "RefusalExplorer.Web.dll") },
        };
        foreach (string arg in args)
            start.ArgumentList.Add(arg);
        using Process process = Process.Start(start)!;
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation), error = process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        await output;
        return (process.ExitCode, (await error).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
