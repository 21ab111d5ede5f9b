using System.Buffers;
using System.Text;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>A stretch of text: an added token, or text for the model (<paramref name="Id"/> is null).</summary>
internal readonly record struct TextSegment(int Start, int Length, int? Id);

/// <summary>Finds added tokens: the leftmost, and of those the longest (<c>added_vocabulary.rs</c>, <c>find_matches</c>).</summary>
internal sealed class AddedTokenSplitter
{
    private readonly SearchValues<char> _firstChars;
    private readonly Dictionary<char, int[]> _lengths;
    private readonly Dictionary<string, AddedToken>.AlternateLookup<ReadOnlySpan<char>> _tokens;

    /// <param name="tokens">The tokens by the form that is looked for.</param>
    internal AddedTokenSplitter(IEnumerable<KeyValuePair<string, AddedToken>> tokens)
    {
        var byContent = new Dictionary<string, AddedToken>(StringComparer.Ordinal);
        foreach ((string content, AddedToken token) in tokens)
        {
            if (content.Length > 0)
                byContent[content] = token;
        }
        _tokens = byContent.GetAlternateLookup<ReadOnlySpan<char>>();
        _lengths = byContent.Keys.GroupBy(c => c[0]).ToDictionary(g => g.Key, g => g.Select(c => c.Length).Distinct().OrderDescending().ToArray());
        _firstChars = SearchValues.Create([.. _lengths.Keys]);
    }

    internal List<TextSegment> Split(string text)
    {
        var segments = new List<TextSegment>();
        int taken = 0;
        for (int from = 0; Find(text, from) is { } match; from = match.Start + match.Length)
        {
            (int start, int stop) = (match.Start, match.Start + match.Length);
            if (match.Token.SingleWord && (TouchesWord(text, start, before: true) || TouchesWord(text, stop, before: false)))
                continue;
            while (match.Token.LeftStrip && start > taken && char.IsWhiteSpace(text[start - 1]))
                start--;
            while (match.Token.RightStrip && stop < text.Length && char.IsWhiteSpace(text[stop]))
                stop++;
            if (start < taken)
                continue;
            if (taken < start)
                segments.Add(new TextSegment(taken, start - taken, null));
            segments.Add(new TextSegment(start, stop - start, match.Token.Id));
            taken = stop;
        }
        if (taken < text.Length)
            segments.Add(new TextSegment(taken, text.Length - taken, null));
        return segments;
    }

    private (int Start, int Length, AddedToken Token)? Find(string text, int from)
    {
        while (from < text.Length)
        {
            int step = text.AsSpan(from).IndexOfAny(_firstChars);
            if (step < 0)
                return null;
            from += step;
            foreach (int length in _lengths[text[from]])
            {
                if (length <= text.Length - from && _tokens.TryGetValue(text.AsSpan(from, length), out AddedToken? token))
                    return (from, length, token);
            }
            from++;
        }
        return null;
    }

    private static bool TouchesWord(string text, int at, bool before)
    {
        ReadOnlySpan<char> side = before ? text.AsSpan(0, at) : text.AsSpan(at);
        if (side.IsEmpty)
            return false;
        Rune rune;
        if (before)
            Rune.DecodeLastFromUtf16(side, out rune, out _);
        else
            Rune.DecodeFromUtf16(side, out rune, out _);
        return rune.Value == '_' || Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is
            System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark
            or System.Globalization.UnicodeCategory.EnclosingMark or System.Globalization.UnicodeCategory.ConnectorPunctuation
            or System.Globalization.UnicodeCategory.LetterNumber;
    }
}
