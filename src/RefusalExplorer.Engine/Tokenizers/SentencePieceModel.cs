namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>One piece of a sentencepiece model.</summary>
/// <param name="Text">Its text, with <c>▁</c> for a space.</param>
/// <param name="Score">The piece of the higher score is merged first.</param>
/// <param name="Type">1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.</param>
internal readonly record struct SentencePiece(string Text, float Score, int Type)
{
    internal const int Normal = 1;
    internal const int Unknown = 2;
    internal const int Control = 3;
    internal const int UserDefined = 4;
}

/// <summary>A sentencepiece model's settings, with sentencepiece's defaults.</summary>
/// <param name="DummyPrefix">A space is put in front of a text.</param>
/// <param name="ByteFallback">A character without a piece becomes byte pieces.</param>
/// <param name="UnknownId">Stands for characters without pieces.</param>
/// <param name="BosId">Put first; negative where there is none.</param>
/// <param name="EosId">Ends a text; negative where there is none.</param>
/// <param name="AddsBos">Whether BOS is put first.</param>
/// <param name="AddsEos">Whether EOS is put last.</param>
internal sealed record SentencePieceOptions(
    bool DummyPrefix = true,
    bool ByteFallback = false,
    int UnknownId = 0,
    int BosId = 1,
    int EosId = 2,
    bool AddsBos = true,
    bool AddsEos = false);

/// <summary>
/// A sentencepiece BPE model as a byte-pair tokenizer: every way of parting a piece into two pieces becomes a merge, better scores first
/// (transformers <c>convert_slow_tokenizer.py</c>, <c>generate_merges</c>). Microsoft.ML.Tokenizers' SentencePieceTokenizer opens such
/// files, but merges by score alone and does not know a checkpoint's added tokens, so its ids part from the reference's.
/// </summary>
internal static class SentencePieceModel
{
    private const string Space = "▁";

    /// <exception cref="CheckpointFormatException">Pieces are missing or written twice.</exception>
    internal static TokenizerParts Build(string path, IReadOnlyList<SentencePiece> pieces, SentencePieceOptions options)
    {
        var ids = new Dictionary<string, int>(pieces.Count, StringComparer.Ordinal);
        for (int id = 0; id < pieces.Count; id++)
            ids.TryAdd(pieces[id].Text, id);
        BpeVocabulary vocabulary = Merges(path, pieces, ids);
        bool prefix = options.DummyPrefix;
        Normalizer spaces = Normalizers.Replace(" ", Space);
        return new TokenizerParts
        {
            Pieces = [.. pieces.Select(p => p.Text)],
            Model = new BpeModel(vocabulary, new BpeOptions(InRange(options.UnknownId, pieces), FuseUnknown: true, options.ByteFallback)),
            Added = [.. pieces.Select((p, id) => (p, id)).Where(x => x.p.Type is SentencePiece.Unknown or SentencePiece.Control or SentencePiece.UserDefined)
                .Select(x => new AddedToken(x.id, x.p.Text, x.p.Type != SentencePiece.UserDefined))],
            Normalizer = prefix ? Normalizers.Sequence([Normalizers.Prepend(Space), spaces]) : spaces,
            Before = options.AddsBos && InRange(options.BosId, pieces) is { } bos ? [bos] : [],
            After = options.AddsEos && InRange(options.EosId, pieces) is { } eos ? [eos] : [],
            Decoding = () => prefix
                ? [new ReplaceDecoding(Space, " "), new ByteFallbackDecoding(), new StripDecoding(' ', 1, 0, fused: true)]
                : [new ReplaceDecoding(Space, " "), new ByteFallbackDecoding()],
        };
    }

    private static int? InRange(int id, IReadOnlyList<SentencePiece> pieces) => id >= 0 && id < pieces.Count ? id : null;

    private static BpeVocabulary Merges(string path, IReadOnlyList<SentencePiece> pieces, Dictionary<string, int> ids)
    {
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        var merges = new List<(int Left, int Right, int Id)>();
        var ofPiece = new List<(int Left, int Right, int Id)>();
        for (int id = 0; id < pieces.Count; id++)
        {
            ReadOnlySpan<char> text = pieces[id].Text;
            ofPiece.Clear();
            for (int cut = 1; cut < text.Length; cut++)
            {
                if (lookup.TryGetValue(text[..cut], out int left) && lookup.TryGetValue(text[cut..], out int right))
                    ofPiece.Add((left, right, id));
            }
            merges.AddRange(ofPiece.OrderBy(m => m.Left).ThenBy(m => m.Right));
        }
        var vocabulary = new BpeVocabulary(path, ids, merges.Count);
        int rank = 0;
        foreach ((int left, int right, int id) in merges
            .OrderByDescending(m => pieces[m.Id].Score)
            .ThenByDescending(m => pieces[m.Left].Text.Length)
            .ThenByDescending(m => pieces[m.Right].Text.Length))
        {
            vocabulary.AddMerge(left, right, new Merge(rank++, id));
        }
        return vocabulary;
    }
}
