namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>A checkpoint's tokenizer with its chat template.</summary>
/// <param name="Tokenizer">Text to ids and back.</param>
/// <param name="Template">The checkpoint's own template (<c>model</c>), or null where it has none.</param>
public sealed record OpenedTokenizer(ITextTokenizer Tokenizer, IChatTemplate? Template);
