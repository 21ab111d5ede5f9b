using System.Text.Json.Nodes;

namespace RefusalExplorer.Cli.Tests;

/// <summary>Runs the command line in this process, with a folder of its own.</summary>
internal sealed class CommandLine : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("refusal-cli").FullName;

    public string Output { get; private set; } = "";

    public string Error { get; private set; } = "";

    public JsonNode Json => JsonNode.Parse(Output)!;

    public async Task<int> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CliApp.RunAsync(args, output, error, Xunit.TestContext.Current.CancellationToken);
        (Output, Error) = (output.ToString(), error.ToString());
        return code;
    }

    public string File(string name, string content)
    {
        string path = Path.Combine(Folder, name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    public static string Golden(params string[] parts) => Path.Combine([AppContext.BaseDirectory, "Goldens", .. parts]);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
