using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Models;
using RefusalExplorer.Engine.Tokenizers;

namespace RefusalExplorer.Pipeline.Catalog;

/// <summary>Opens tokenizers without their models: a folder with tokenizer files alone is enough.</summary>
public static class TokenizerCatalog
{
    /// <summary>The tokenizer of a configured model, a GGUF file or a folder, with the template in force.</summary>
    /// <param name="catalog">The configured models.</param>
    /// <param name="nameOrPath">A configured name, a GGUF file or a folder.</param>
    /// <param name="template">A preset; null is the configured one, or the model's own.</param>
    /// <exception cref="EngineException">There is no such model, it has no tokenizer, or there is no such preset.</exception>
    /// <exception cref="CheckpointFormatException">Its files are broken.</exception>
    public static OpenedTokenizer OpenTokenizer(this ModelCatalog catalog, string nameOrPath, string? template = null)
    {
        ModelSpec spec = catalog.Resolve(nameOrPath);
        OpenedTokenizer opened = Open(spec.Path) ?? throw new EngineException(
            $"{spec.Path}: no tokenizer; expected tokenizer.json or tokenizer.model there, or a GGUF file that holds one");
        return (template ?? spec.Template) is { } preset ? opened with { Template = ChatTemplates.Preset(preset) } : opened;
    }

    private static OpenedTokenizer? Open(string path)
    {
        if (!File.Exists(path) || !path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            return TokenizerReader.TryOpen(path);
        using GgufFile gguf = GgufFile.Open(path);
        return TokenizerReader.FromGguf(gguf);
    }
}
