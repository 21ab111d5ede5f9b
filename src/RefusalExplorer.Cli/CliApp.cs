using System.CommandLine;
using RefusalExplorer.Cli.Commands;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Cli;

/// <summary>The command line: parses, runs one command, and turns its end into an exit code.</summary>
internal static class CliApp
{
    /// <summary>Runs one command line. 0: success; 2: bad input; 130: Ctrl-C; 1: anything else.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellation = default)
    {
        await using var session = new CliSession(output, error);
        var json = new Option<bool>("--json") { Description = "One JSON document on stdout", Recursive = true };
        var root = new RootCommand("Finds, tests and explains the SAE features that make a language model refuse.") { json };
        foreach (Command command in CommandList.Create(new CommandFactory(session, json)))
            root.Subcommands.Add(command);

        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            string message = (parsed.Errors.FirstOrDefault(e => e.Message.Contains("Unrecognized", StringComparison.Ordinal)) ?? parsed.Errors[0]).Message;
            await error.WriteLineAsync($"{message} (see 'refusal-explorer {parsed.CommandResult.Command.Name} --help')".Replace(
                "refusal-explorer refusal-explorer", "refusal-explorer", StringComparison.Ordinal)).ConfigureAwait(false);
            return ExitCode.BadInput;
        }
        try
        {
            var configuration = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false };
            return await parsed.InvokeAsync(configuration, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("stopped").ConfigureAwait(false);
            return ExitCode.Stopped;
        }
        catch (EngineException e)
        {
            await error.WriteLineAsync(e.Message).ConfigureAwait(false);
            return ExitCode.BadInput;
        }
        catch (Exception e)
        {
            await error.WriteLineAsync($"unexpected {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}").ConfigureAwait(false);
            if (Environment.GetEnvironmentVariable("REFUSAL_EXPLORER_TRACE") == "1")
                await error.WriteLineAsync(e.ToString()).ConfigureAwait(false);
            return ExitCode.Failed;
        }
    }
}

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int BadInput = 2;
    public const int Stopped = 130;
}
