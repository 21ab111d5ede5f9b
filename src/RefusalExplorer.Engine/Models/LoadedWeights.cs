using RefusalExplorer.Engine.Generation;
using RefusalExplorer.Engine.Tokenizers;

namespace RefusalExplorer.Engine.Models;

/// <summary>
/// A checkpoint in memory, and what is kept beside it for all models that are views on it. Freed with the last of them. Like all of the engine it
/// belongs to one thread.
/// </summary>
internal sealed class LoadedWeights : IDisposable
{
    private const int CachedSlices = 256;
    private const int CachedPrefixes = 16;
    private int _holders;

    public LoadedWeights(Transformer model, OpenedTokenizer? tokenizer, string fingerprint)
    {
        (Model, Tokenizer, Fingerprint) = (model, tokenizer, fingerprint);
        Slices = new SliceCache((sae, features) => sae.Slice(features, model.Target.Dtype, model.Target.Device), CachedSlices);
    }

    public Transformer Model { get; }

    /// <summary>The checkpoint's own; null where it has none.</summary>
    public OpenedTokenizer? Tokenizer { get; }

    /// <summary>Names the weights in a record.</summary>
    public string Fingerprint { get; }

    /// <summary>SAEs that are open.</summary>
    public OpenSaes Saes { get; } = new();

    /// <summary>Their slices on the model's device.</summary>
    public SliceCache Slices { get; }

    /// <summary>Unedited prompts as they enter a block; no view changes them.</summary>
    public PrefixCache Prefixes { get; } = new(CachedPrefixes);

    /// <summary>One more view; each gives its hold back by <see cref="Dispose"/>.</summary>
    public void Hold() => _holders++;

    /// <summary>One view fewer; the last one frees the memory.</summary>
    public void Dispose()
    {
        if (--_holders != 0)
            return;
        Slices.Dispose();
        Prefixes.Dispose();
        Saes.Dispose();
        Model.Dispose();
    }
}
