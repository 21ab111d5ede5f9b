using System.Collections.Concurrent;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Catalog;

namespace RefusalExplorer.Web.Api.Resources;

/// <summary>Tokenizers that were opened: reading one takes a second for large vocabularies.</summary>
internal sealed class TokenizerCache(ModelCatalog catalog)
{
    private const int Most = 16;
    private readonly ConcurrentDictionary<(string Model, string? Template), OpenedTokenizer> _opened = new();

    /// <summary>The tokenizer of a model, with a template preset or the model's own.</summary>
    /// <exception cref="Engine.EngineException">There is no such model or preset, or it has no tokenizer.</exception>
    public OpenedTokenizer Get(string model, string? template)
    {
        if (_opened.Count >= Most)
            _opened.Clear();
        return _opened.GetOrAdd((model, template), key => catalog.OpenTokenizer(key.Model, key.Template));
    }
}
