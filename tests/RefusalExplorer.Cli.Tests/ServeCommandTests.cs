using RefusalExplorer.Cli.Commands;
using RefusalExplorer.Engine;
using Xunit;

namespace RefusalExplorer.Cli.Tests;

public sealed class ServeCommandTests : IDisposable
{
    private readonly CommandLine _cli = new();

    private static string Program => OperatingSystem.IsWindows() ? "RefusalExplorer.Web.exe" : "RefusalExplorer.Web";

    [Fact]
    public void PublishedBesideIt_TheDashboardIsFound() =>
        Assert.Equal(_cli.File(Program, ""), ServeCommand.Find(_cli.Folder).FileName);

    [Fact]
    public void InACheckout_TheBuiltDashboardIsFound()
    {
        string cli = Directory.CreateDirectory(Path.Combine(_cli.Folder, "src", "RefusalExplorer.Cli", "bin")).FullName;
        string web = Directory.CreateDirectory(Path.Combine(_cli.Folder, "src", "RefusalExplorer.Web", "bin")).FullName;
        string program = Path.Combine(web, Program);
        File.WriteAllText(program, "");

        Assert.Equal(program, ServeCommand.Find(cli).FileName);
    }

    [Fact]
    public void WithoutIt_OneLineSaysWhatToDo()
    {
        EngineException e = Assert.Throws<EngineException>(() => ServeCommand.Find(_cli.Folder));

        Assert.Contains(_cli.Folder, e.Message, StringComparison.Ordinal);
        Assert.Contains("dotnet publish src/RefusalExplorer.Web", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    public void Dispose() => _cli.Dispose();
}
