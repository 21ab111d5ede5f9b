using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>Opens a checkpoint's tokenizer and chat template.</summary>
public static class TokenizerReader
{
    /// <summary>The tokenizer in a GGUF file's metadata, or null where it has none.</summary>
    /// <exception cref="CheckpointFormatException">The metadata is broken or of a kind without a reader.</exception>
    public static OpenedTokenizer? FromGguf(GgufFile gguf)
    {
        ArgumentNullException.ThrowIfNull(gguf);
        return GgufTokenizer.Open(gguf);
    }

    /// <summary>
    /// The tokenizer files of a folder (or of a file's folder), or null where it has none: <c>tokenizer.json</c>, else
    /// <c>tokenizer.model</c>, with <c>tokenizer_config.json</c> and the chat template beside it.
    /// </summary>
    /// <exception cref="CheckpointFormatException">A file is broken or of a kind without a reader.</exception>
    public static OpenedTokenizer? TryOpen(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string folder = Directory.Exists(path) ? path : Path.GetDirectoryName(path) ?? "";
        string json = Path.Combine(folder, "tokenizer.json");
        string model = Path.Combine(folder, "tokenizer.model");
        if (!File.Exists(json) && !File.Exists(model))
            return null;
        TokenizerConfig config = TokenizerConfig.Read(folder);
        TokenizerParts parts = File.Exists(json) ? TokenizerJson.Read(json) : SentencePieceFile.Read(model);
        ChatTemplate? template = config.Template is { } source
            ? new ChatTemplate(ChatTemplates.Model, source, config.BosToken, config.EosToken)
            : null;
        return new OpenedTokenizer(new TextTokenizer(Configured(parts, config)), template);
    }

    private static TokenizerParts Configured(TokenizerParts parts, TokenizerConfig config)
    {
        HashSet<string> known = [.. parts.Added.Select(t => t.Content)];
        AddedToken[] added = [.. parts.Added, .. config.Added.Where(t => !known.Contains(t.Content))];
        var pieces = new string?[Math.Max(parts.Pieces.Length, added.Select(t => t.Id + 1).DefaultIfEmpty(0).Max())];
        parts.Pieces.CopyTo(pieces, 0);
        foreach (AddedToken token in added)
            pieces[token.Id] = token.Content;
        return parts with
        {
            Pieces = pieces,
            Added = added,
            Before = Around(parts.Before, config.AddsBos, Id(pieces, config.BosToken)),
            After = Around(parts.After, config.AddsEos, Id(pieces, config.EosToken)),
        };
    }

    // add_bos_token and add_eos_token, where they are written, overrule the post-processor, as in transformers.
    private static IReadOnlyList<int> Around(IReadOnlyList<int> ids, bool? adds, int? token) => (adds, token) switch
    {
        (true, { } id) when !ids.Contains(id) => [.. ids, id],
        (false, { } id) => [.. ids.Where(i => i != id)],
        _ => ids,
    };

    private static int? Id(string?[] pieces, string? token) => token is not null && Array.IndexOf(pieces, token) is var id and >= 0 ? id : null;
}
