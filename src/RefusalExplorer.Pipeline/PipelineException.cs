using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline;

/// <summary>Bad input to a stage of the pipeline: the message is one line that says what, where, what was expected and what to do.</summary>
public class PipelineException(string message, Exception? inner = null) : EngineException(message, inner);
