using System.CommandLine;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Probing;

namespace RefusalExplorer.Cli;

/// <summary>Makes commands whose action gets the session, the parsed arguments, and whether JSON was asked for.</summary>
internal sealed class CommandFactory(CliSession session, Option<bool> json)
{
    /// <summary>A command with its action.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">One line for the help.</param>
    /// <param name="symbols">Its arguments and options.</param>
    /// <param name="action">Runs it and returns the exit code; an <see cref="EngineException"/> becomes exit code 2.</param>
    public Command Create(
        string name, string description, IEnumerable<Symbol> symbols, Func<CommandContext, CancellationToken, Task<int>> action)
    {
        var command = new Command(name, description);
        foreach (Symbol symbol in symbols)
        {
            if (symbol is Argument argument)
                command.Arguments.Add(argument);
            else if (symbol is Option option)
                command.Options.Add(option);
        }
        command.SetAction((parsed, cancellation) => action(new CommandContext(session, parsed, parsed.GetValue(json)), cancellation));
        return command;
    }
}

/// <summary>One invocation.</summary>
/// <param name="Session">Streams and services.</param>
/// <param name="Arguments">The parsed command line.</param>
/// <param name="Json">Whether stdout is one JSON document.</param>
internal sealed record CommandContext(CliSession Session, ParseResult Arguments, bool Json)
{
    /// <summary>Writes a result as JSON.</summary>
    public void WriteJson<T>(T value) => Session.Output.WriteLine(JsonSerializer.Serialize(value, ProbeJson.Options));

    /// <summary>Writes a line of text to stdout.</summary>
    public void WriteLine(string line) => Session.Output.WriteLine(line);

    /// <summary>Writes a line to stderr.</summary>
    public void Log(string line) => Session.Error.WriteLine(line);

    /// <summary>Reads an input file.</summary>
    /// <exception cref="EngineException">It cannot be read.</exception>
    public static string ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}
