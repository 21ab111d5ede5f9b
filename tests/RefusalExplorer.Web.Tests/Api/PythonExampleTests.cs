using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Api.Example;
using Xunit;

namespace RefusalExplorer.Web.Tests.Api;

public sealed class PythonExampleTests
{
    private const string Token = "correct horse battery";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Example_NamesTheServerThatGaveIt_AndTheModelAskedFor()
    {
        await using ApiServer api = await ApiServer.StartAsync();
        ApiAnswer answer = await api.GetAsync("/api/v1/example.py?model=tiny");
        Assert.StartsWith("text/x-python", answer.ContentType, StringComparison.Ordinal);
        Assert.Contains($"SERVER = \"{api.Server.Address.ToString().TrimEnd('/')}\"", answer.Text, StringComparison.Ordinal);
        Assert.Contains("MODEL = \"tiny\"", answer.Text, StringComparison.Ordinal);
        Assert.Contains("MODEL = \"demo\"", (await api.GetAsync("/api/v1/example.py")).Text, StringComparison.Ordinal);
        (await api.GetAsync("/api/v1/example.py?model=nobody")).Problem(404, "not-found");
    }

    [Fact]
    public void OddNames_StayWithinTheirQuotes() =>
        Assert.Contains("MODEL = \"a\\u0022\\n\\\\b\"", PythonExample.For("http://[::1]:80", "a\"\n\\b"), StringComparison.Ordinal);

    [Fact]
    public async Task Example_Runs()
    {
        await using ApiServer api = await ApiServer.StartAsync(
            [$"Access:Token={Token}"], services => services.AddSingleton<IExperimentRunner, ExperimentRunner>());
        (int code, _, string refused) = await PythonAsync(PythonExample.For(api.Server.Address.ToString().TrimEnd('/'), "tiny"), null);
        Assert.Equal(1, code);
        Assert.Contains("expected the header", refused, StringComparison.Ordinal);

        (code, string output, string error) = await PythonAsync(PythonExample.For(api.Server.Address.ToString().TrimEnd('/'), "tiny"), Token);
        Assert.True(code == 0, error);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("20 features of tiny ablated", lines[0], StringComparison.Ordinal);
        Assert.Equal(["baseline", "intervened", "randomControl", "chat"], lines[1..].Select(l => l.Split(' ')[0]));
        // Without --show no answer is printed.
        Assert.All(lines[1..], l => Assert.Contains("P(\"I\")", l, StringComparison.Ordinal));
    }

    private static async Task<(int Code, string Output, string Error)> PythonAsync(string script, string? token)
    {
        var start = new ProcessStartInfo("python3", ["-"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["REFUSAL_EXPLORER_TOKEN"] = token ?? "";
        Process? started = null;
        try
        {
            started = Process.Start(start);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("no python3 here: install it to run the example");
        }
        using Process python = started!;
        await python.StandardInput.WriteAsync(script);
        python.StandardInput.Close();
        Task<string> output = python.StandardOutput.ReadToEndAsync(Ct), error = python.StandardError.ReadToEndAsync(Ct);
        await python.WaitForExitAsync(Ct);
        return (python.ExitCode, await output, await error);
    }
}
