using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>The tokenizer in a GGUF file's metadata (<c>tokenizer.ggml.*</c>; ggml <c>docs/gguf.md</c>, llama.cpp <c>llama-vocab.cpp</c>).</summary>
internal sealed class GgufTokenizer
{
    private const int Control = 3;
    private const int UserDefined = 4;
    private readonly GgufFile _gguf;
    private readonly IReadOnlyList<string> _pieces;
    private readonly IReadOnlyList<long> _types;

    private GgufTokenizer(GgufFile gguf, IReadOnlyList<string> pieces)
    {
        _gguf = gguf;
        _pieces = pieces;
        _types = gguf.WholeNumbers("tokenizer.ggml.token_type") ?? [];
        if (_types.Count != 0 && _types.Count != pieces.Count)
            throw Wrong("tokenizer.ggml.token_type", $"{_types.Count} types for {pieces.Count} tokens");
    }

    /// <summary>Null where the file has no tokenizer.</summary>
    internal static OpenedTokenizer? Open(GgufFile gguf)
    {
        if (gguf.Text("tokenizer.ggml.model") is not { } kind || gguf.Texts("tokenizer.ggml.tokens") is not { } pieces)
            return null;
        var reader = new GgufTokenizer(gguf, pieces);
        return kind switch
        {
            "gpt2" => new OpenedTokenizer(new TextTokenizer(reader.ByteLevel()), reader.Template()),
            "llama" => new OpenedTokenizer(new TextTokenizer(reader.SentencePieces()), reader.Template()),
            _ => throw reader.Wrong("tokenizer.ggml.model", $"'{kind}', expected gpt2 or llama"),
        };
    }

    private TokenizerParts ByteLevel()
    {
        IReadOnlyList<string> merges = _gguf.Texts("tokenizer.ggml.merges") ?? throw Wrong("tokenizer.ggml.merges", "missing, expected the merges");
        BpeVocabulary vocabulary = Vocabulary(merges.Count);
        for (int rank = 0; rank < merges.Count; rank++)
        {
            // A piece never begins with a space, so the first one after the first character parts the two.
            int space = merges[rank].Length < 3 ? -1 : merges[rank].IndexOf(' ', 1);
            if (space < 0)
                throw Wrong("tokenizer.ggml.merges", $"merge {rank} is '{merges[rank]}', expected two pieces");
            vocabulary.AddMerge(merges[rank].AsSpan(0, space), merges[rank].AsSpan(space + 1), rank);
        }
        string pre = _gguf.Text("tokenizer.ggml.pre") ?? "default";
        GgufPreTokenizer form = GgufPreTokenizer.Find(pre) ?? throw Wrong(
            "tokenizer.ggml.pre", $"'{pre}', expected one of {string.Join(", ", GgufPreTokenizer.Names)}; use the checkpoint's tokenizer.json instead");
        return new TokenizerParts
        {
            Pieces = [.. _pieces],
            Model = new BpeModel(vocabulary, new BpeOptions(IgnoreMerges: form.IgnoreMerges)),
            Added = Added(),
            PreTokenizer = form.Build(),
            Before = Special("bos", form.AddsBos),
            After = Special("eos", false),
            Decoding = () => [new ByteLevelDecoding()],
        };
    }

    private TokenizerParts SentencePieces()
    {
        IReadOnlyList<float> scores = _gguf.Numbers("tokenizer.ggml.scores") ?? throw Wrong("tokenizer.ggml.scores", "missing, expected a score for each token");
        if (scores.Count != _pieces.Count)
            throw Wrong("tokenizer.ggml.scores", $"{scores.Count} scores for {_pieces.Count} tokens");
        SentencePiece[] pieces = [.. _pieces.Select((text, id) => new SentencePiece(text, scores[id], _types.Count == 0 ? SentencePiece.Normal : (int)_types[id]))];
        return SentencePieceModel.Build(_gguf.Location, pieces, new SentencePieceOptions(
            _gguf.Flag("tokenizer.ggml.add_space_prefix") ?? true,
            ByteFallback: true,
            Id("unknown") ?? 0,
            Id("bos") ?? -1,
            Id("eos") ?? -1,
            _gguf.Flag("tokenizer.ggml.add_bos_token") ?? true,
            _gguf.Flag("tokenizer.ggml.add_eos_token") ?? false));
    }

    private BpeVocabulary Vocabulary(int merges)
    {
        var ids = new Dictionary<string, int>(_pieces.Count, StringComparer.Ordinal);
        for (int id = 0; id < _pieces.Count; id++)
            ids.TryAdd(_pieces[id], id);
        return new BpeVocabulary(_gguf.Location, ids, merges);
    }

    private AddedToken[] Added() =>
        [.. Enumerable.Range(0, _types.Count).Where(id => _types[id] is Control or UserDefined).Select(id => new AddedToken(id, _pieces[id], _types[id] == Control))];

    private int[] Special(string name, bool byDefault) =>
        (_gguf.Flag($"tokenizer.ggml.add_{name}_token") ?? byDefault) && Id(name) is { } id ? [id] : [];

    private int? Id(string name)
    {
        string key = $"tokenizer.ggml.{name}_token_id";
        if (_gguf.WholeNumber(key) is not { } id)
            return null;
        return id >= 0 && id < _pieces.Count ? (int)id : throw Wrong(key, $"{id}, expected 0 to {_pieces.Count - 1}");
    }

    private ChatTemplate? Template() => _gguf.Text("tokenizer.chat_template") is { } source
        ? new ChatTemplate(ChatTemplates.Model, source, Named("bos"), Named("eos"))
        : null;

    private string? Named(string name) => Id(name) is { } id ? _pieces[id] : null;

    private CheckpointFormatException Wrong(string key, string problem) => new(_gguf.Location, problem, key);
}
