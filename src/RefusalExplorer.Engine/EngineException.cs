namespace RefusalExplorer.Engine;

/// <summary>Bad input to the engine: the message is one line that says what, where, what was expected and what to do.</summary>
public class EngineException(string message, Exception? inner = null) : Exception(message, inner);

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
