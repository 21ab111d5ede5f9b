namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>A template that cannot be read or rendered, with the line where it fails.</summary>
internal sealed class JinjaException(string message, int line) : EngineException($"chat template, line {line}: {message}")
{
    internal string Problem { get; } = message;

    internal int Line { get; } = line;
}

/// <summary>A failure inside a filter, test or method; the node that called it adds the line.</summary>
internal sealed class JinjaValueException(string message) : Exception(message);
