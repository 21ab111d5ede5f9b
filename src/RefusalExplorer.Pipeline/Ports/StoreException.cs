using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Ports;

/// <summary>The store cannot do what it was asked: the message is one line that says what, where and what to do.</summary>
/// <param name="message">The one line.</param>
/// <param name="inner">The cause, if one is known.</param>
public class StoreException(string message, Exception? inner = null) : EngineException(message, inner);

/// <summary>Another process holds the store's folder.</summary>
/// <param name="folder">The folder.</param>
/// <param name="holder">Who holds it, as its owner file says.</param>
/// <param name="inner">The refusal of the operating system.</param>
public sealed class StoreInUseException(string folder, string holder, Exception? inner = null)
    : StoreException($"{folder}: the store is in use by {holder}: stop that process, or choose another data folder", inner)
{
    /// <summary>Who holds it, as its owner file says.</summary>
    public string Holder { get; } = holder;
}
