using System.CommandLine;

namespace RefusalExplorer.Cli.Commands;

/// <summary>All commands, in the order of the help.</summary>
internal static class CommandList
{
    /// <summary>Makes them.</summary>
    public static IEnumerable<Command> Create(CommandFactory factory) =>
    [
        ModelsCommand.Create(factory),
        PullCommand.Create(factory),
        TokenizeCommand.Create(factory),
        ProbeCommand.Create(factory),
        DashboardsCommand.Create(factory),
        ImportExplanationsCommand.Create(factory),
        AnalyzeCommand.Create(factory),
        .. StudyCommand.CreateAll(factory),
        .. EvaluateCommands.CreateAll(factory),
        ReportCommand.Create(factory),
        ServeCommand.Create(factory),
    ];
}
