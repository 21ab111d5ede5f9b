using System.Diagnostics;
using System.Text.RegularExpressions;
using RefusalExplorer.Web.Tests.Fakes;
using Xunit;

namespace RefusalExplorer.Web.Tests.Hosting;

/// <summary>What <c>dotnet publish</c> puts into a folder is all that the dashboard needs.</summary>
public sealed partial class PublishTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("refusal-explorer-publish-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task PublishedFolder_HasModelAndAssets_AndServesItsPageFromElsewhere()
    {
        string published = Path.Combine(_folder, "app"), model = Path.Combine(_folder, "tiny");
        await PublishAsync(published);
        Assert.NotEmpty(Directory.EnumerateFiles(Path.Combine(published, "demo-model"), "*.gguf"));
        Assert.True(File.Exists(Path.Combine(published, "Examples", "study.demo.json")));
        Assert.NotEmpty(Directory.EnumerateFiles(published, "*torch_cpu.*", SearchOption.AllDirectories));

        TinyChatModel.Write(model);
        await using DashboardProcess app = await DashboardProcess.StartAsync(Path.Combine(_folder, "data"), model, Ct, published);
        string page = await app.Client.GetStringAsync("/", Ct);
        string[] assets = [.. Asset().Matches(page).Select(m => m.Groups[1].Value)];
        Assert.Contains(assets, a => a.StartsWith("css/app.", StringComparison.Ordinal));
        Assert.Contains(assets, a => a.StartsWith("_content/MudBlazor/", StringComparison.Ordinal));
        foreach (string asset in assets)
            Assert.NotEmpty(await app.Client.GetByteArrayAsync(asset, Ct));
    }

    // Of what is built already: files are linked, not copied, where the folders share a disk.
    private static async Task PublishAsync(string folder)
    {
        string configuration = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)))!;
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardOutput = true,
            ArgumentList = { "publish", Path.Combine(Root(), "src", "RefusalExplorer.Web"), "--no-build", "-c", configuration, "-o", folder, "-v", "q" },
        };
        using Process publish = Process.Start(start)!;
        string output = await publish.StandardOutput.ReadToEndAsync(Ct);
        await publish.WaitForExitAsync(Ct);
        Assert.True(publish.ExitCode == 0, output);
    }

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "RefusalExplorer.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("the tests run outside the repository");
    }

    [GeneratedRegex("(?:href|src)=\"([^\":]+\\.(?:css|js))\"")]
    private static partial Regex Asset();
}
