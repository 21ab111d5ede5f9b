using System.CommandLine;
using System.Text.RegularExpressions;
using RefusalExplorer.Cli.Commands;
using RefusalExplorer.Pipeline.Analyses;
using Xunit;

namespace RefusalExplorer.Cli.Tests;

/// <summary>The list of the paper's tables and figures in Docs/analyses.md says what is true.</summary>
public sealed partial class PaperTableTests : IAsyncDisposable
{
    private const int Figures = 7;
    private const int Tables = 12;
    private readonly CliSession _session = new(TextWriter.Null, TextWriter.Null);

    [Fact]
    public void EveryFigureAndTableOfThePaper_HasARow()
    {
        string[] items = [.. Rows().Select(r => r.Item)];

        Assert.Equal(Enumerable.Range(1, Figures), Numbers(items, "Figure").Order());
        Assert.Equal(Enumerable.Range(1, Tables), Numbers(items, "Table").Order());
    }

    [Fact]
    public void EveryRow_HasACommandThatParses_OrAReason()
    {
        RootCommand root = Root();
        foreach ((string item, string made) in Rows())
        {
            string[] commands = [.. Commands(made, root)];
            Assert.True(commands.Length > 0 || made.Contains("left out", StringComparison.Ordinal) || made.Contains("a page:", StringComparison.Ordinal), $"{item}: no command and no reason");
            foreach (string command in commands)
                Assert.True(root.Parse(command).Errors.Count == 0, $"{item}: '{command}': {string.Join("; ", root.Parse(command).Errors.Select(e => e.Message))}");
        }
    }

    [Fact]
    public void EveryAnalysis_IsListed_AndNoOther()
    {
        RootCommand root = Root();
        IEnumerable<string> listed = Rows().SelectMany(r => Commands(r.Made, root)).Where(c => c.StartsWith("analyze ", StringComparison.Ordinal)).Select(c => c.Split(' ')[1]);

        Assert.Equal(_session.Get<AnalysisCatalog>().All.Select(a => a.Info.Id).Order(), listed.Distinct().Order());
    }

    public ValueTask DisposeAsync() => _session.DisposeAsync();

    private RootCommand Root()
    {
        var json = new Option<bool>("--json") { Recursive = true };
        var root = new RootCommand { json };
        foreach (Command command in CommandList.Create(new CommandFactory(_session, json)))
            root.Subcommands.Add(command);
        return root;
    }

    // "Tables 7, 8, 10, 11 (…)" are four of them.
    private static IEnumerable<int> Numbers(IEnumerable<string> items, string kind) =>
        from item in items
        let match = Regex.Match(item, $@"^{kind}s? ([\d, ]+)")
        where match.Success
        from number in match.Groups[1].Value.Split(',')
        select int.Parse(number, System.Globalization.CultureInfo.InvariantCulture);

    private static IEnumerable<string> Commands(string made, RootCommand root) =>
        Code().Matches(made).Select(m => m.Groups[1].Value).Where(c => root.Subcommands.Any(s => s.Name == c.Split(' ')[0]));

    private static IEnumerable<(string Item, string Made)> Rows()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "RefusalExplorer.sln")))
            folder = folder.Parent!;
        string[] lines = File.ReadAllLines(Path.Combine(folder.FullName, "src", "RefusalExplorer.Web", "Docs", "analyses.md"));
        return lines.SkipWhile(l => !l.StartsWith("|---", StringComparison.Ordinal)).Skip(1).TakeWhile(l => l.StartsWith('|'))
            .Select(l => l.Trim('|').Split('|')).Select(c => (c[0].Trim(), c[1].Trim()));
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
