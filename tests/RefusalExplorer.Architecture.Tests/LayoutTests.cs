using Xunit;

namespace RefusalExplorer.Architecture.Tests;

/// <summary>The repository's top level holds what the README says, and nothing else.</summary>
public sealed class LayoutTests
{
    private static readonly string[] Expected =
        ["src", "tests", "wwwroot", "RefusalExplorer.sln", "appsettings.json", "README.md", "global.json", "LICENSE"];

    [Fact]
    public void TopLevel_HoldsWhatTheLayoutNames()
    {
        string[] found = [.. Directory.EnumerateFileSystemEntries(Root()).Select(e => Path.GetFileName(e)!)
            .Where(n => !n.StartsWith('.') && !(n.StartsWith("Directory.", StringComparison.Ordinal) && n.EndsWith(".props", StringComparison.Ordinal)))];

        Assert.Empty(found.Except(Expected));
        Assert.Empty(Expected.Except(found));
    }

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "RefusalExplorer.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("the tests run outside the repository");
    }
}
