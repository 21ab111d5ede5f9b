using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;
using Xunit;

namespace RefusalExplorer.Cli.Tests;

/// <summary>The command line as a process of its own, for commands that environment variables steer.</summary>
internal sealed record CliProcess(int Code, string Output, string Error)
{
    private static string Program => typeof(CliProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "CommandLine").Value!;

    public JsonNode Json => JsonNode.Parse(Output)!;

    public static async Task<CliProcess> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
            ArgumentList = { Program },
        };
        foreach (string arg in args)
            start.ArgumentList.Add(arg);
        foreach (string name in (string[])["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE"])
            start.Environment.Remove(name);
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation), error = process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return new CliProcess(process.ExitCode, await output, await error);
    }
}
