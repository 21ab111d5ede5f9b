using System.Collections.Frozen;
using System.Text;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>What a tokenizer is made of, in the order in which text passes through.</summary>
internal sealed record TokenizerParts
{
    /// <summary>The piece of each id; null where the ids have a hole.</summary>
    internal required string?[] Pieces { get; init; }

    internal required BpeModel Model { get; init; }

    internal IReadOnlyList<AddedToken> Added { get; init; } = [];

    internal Normalizer Normalizer { get; init; } = Normalizers.None;

    internal PreTokenizer PreTokenizer { get; init; } = PreTokenizers.None;

    /// <summary>Ids before the text's own when special tokens are asked for.</summary>
    internal IReadOnlyList<int> Before { get; init; } = [];

    /// <summary>Ids after the text's own when special tokens are asked for.</summary>
    internal IReadOnlyList<int> After { get; init; } = [];

    /// <summary>New decoding steps; they hold state.</summary>
    internal required Func<IReadOnlyList<IDecodingStep>> Decoding { get; init; }
}

/// <summary>A byte-pair tokenizer, in the order of <c>tokenizers/src/tokenizer/mod.rs</c>. Any thread may call it.</summary>
internal sealed class TextTokenizer : ITextTokenizer
{
    private readonly TokenizerParts _parts;
    private readonly AddedTokenSplitter _raw;
    private readonly AddedTokenSplitter _normalized;

    internal TextTokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _raw = new AddedTokenSplitter(parts.Added.Where(t => !t.Normalized).Select(t => KeyValuePair.Create(t.Content, t)));
        _normalized = new AddedTokenSplitter(parts.Added.Where(t => t.Normalized).Select(t => KeyValuePair.Create(parts.Normalizer(t.Content), t)));
        SpecialIds = parts.Added.Where(t => t.Special).Select(t => t.Id).ToFrozenSet();
    }

    /// <inheritdoc/>
    public int VocabularySize => _parts.Pieces.Length;

    /// <inheritdoc/>
    public int? BosId => _parts.Before.Count > 0 ? _parts.Before[0] : null;

    /// <inheritdoc/>
    public IReadOnlySet<int> SpecialIds { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> Encode(string text, bool addSpecial)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>(text.Length / 3 + 4);
        if (addSpecial)
            ids.AddRange(_parts.Before);
        text = WithoutLoneSurrogates(text);
        foreach (TextSegment segment in _raw.Split(text))
        {
            if (segment.Id is { } id)
                ids.Add(id);
            else
                EncodeSegment(_parts.Normalizer(text.Substring(segment.Start, segment.Length)), segment.Start == 0, ids);
        }
        if (addSpecial)
            ids.AddRange(_parts.After);
        return ids;
    }

    /// <inheritdoc/>
    public string Decode(IEnumerable<int> ids, bool skipSpecial = false)
    {
        StreamDecoder decoder = NewDecoder(skipSpecial);
        foreach (int id in ids)
            decoder.Feed(id);
        return decoder.Flush();
    }

    /// <inheritdoc/>
    public string Piece(int id) => id >= 0 && id < _parts.Pieces.Length && _parts.Pieces[id] is { } piece
        ? piece
        : throw new EngineException($"token id {id}: the tokenizer has ids 0 to {_parts.Pieces.Length - 1}");

    /// <inheritdoc/>
    public IStreamDecoder CreateStreamDecoder(bool skipSpecial = true) => NewDecoder(skipSpecial);

    private StreamDecoder NewDecoder(bool skipSpecial) =>
        new(_parts.Decoding(), id => skipSpecial && SpecialIds.Contains(id) ? null : Piece(id));

    private void EncodeSegment(string text, bool atStart, List<int> ids)
    {
        var words = new List<Word>();
        foreach (TextSegment segment in _normalized.Split(text))
        {
            if (segment.Id is { } id)
            {
                ids.Add(id);
                continue;
            }
            words.Clear();
            _parts.PreTokenizer(new Word(text.Substring(segment.Start, segment.Length), atStart && segment.Start == 0), words);
            foreach (Word word in words)
                _parts.Model.Encode(word.Text, ids);
        }
    }

    // Half of a surrogate pair has no UTF-8 form; U+FFFD stands for it, as in every UTF-8 writer.
    private static string WithoutLoneSurrogates(string text) =>
        text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0 ? text : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
