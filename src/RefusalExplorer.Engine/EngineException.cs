namespace RefusalExplorer.Engine;

/// <summary>Bad input to the engine: the message is one line that says what, where, what was expected and what to do.</summary>
/// <remarks>Messages quote names and fields of broken files: control characters become spaces here, so that no caller can forget it.</remarks>
public class EngineException(string message, Exception? inner = null) : Exception(OneLine(message), inner)
{
    // Room for a list of some hundred tensors; a garbled field may be a megabyte long.
    private const int MaxLength = 8000;

    private static string OneLine(string message)
    {
        string cut = message.Length > MaxLength ? string.Concat(message.AsSpan(0, MaxLength), "…") : message;
        string line = cut.ReplaceLineEndings(" ");
        return line.Any(char.IsControl) ? string.Concat(line.Select(c => char.IsControl(c) ? ' ' : c)) : line;
    }
}

/// <summary>The engine has no room for more work just now: the same request works later.</summary>
public class EngineBusyException(string message) : EngineException(message);

/// <summary>The device ran out of memory; the engine lives on.</summary>
public class EngineMemoryException(string message, Exception? inner = null) : EngineException(message, inner);

/// <summary>A checkpoint, SAE, tokenizer or configuration file is not what it should be.</summary>
/// <param name="path">The file or folder.</param>
/// <param name="problem">What was found and what was expected, without the path.</param>
/// <param name="tensor">The tensor or field concerned, if one is.</param>
/// <param name="inner">The cause, if one is known.</param>
public sealed class CheckpointFormatException(string path, string problem, string? tensor = null, Exception? inner = null)
    : EngineException(tensor is null ? $"{path}: {problem}" : $"{path}: {tensor}: {problem}", inner)
{
    /// <summary>The file or folder.</summary>
    public string Path { get; } = path;

    /// <summary>The tensor or field concerned, or null.</summary>
    public string? Tensor { get; } = tensor;
}
