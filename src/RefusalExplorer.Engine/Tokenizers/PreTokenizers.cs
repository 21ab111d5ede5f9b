using System.Text.RegularExpressions;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>A stretch of normalized text on its way to the model.</summary>
/// <param name="Text">The text.</param>
/// <param name="AtStart">Whether it begins where the whole text begins.</param>
internal readonly record struct Word(string Text, bool AtStart);

/// <summary>Splits a stretch of text into words that are merged apart from each other, and may rewrite them.</summary>
internal delegate void PreTokenizer(Word text, List<Word> words);

/// <summary>What to do with what a pattern finds (<c>SplitDelimiterBehavior</c>).</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// <summary>The pre-tokenizers that byte-pair tokenizers use (<c>tokenizers/src/pre_tokenizers</c>).</summary>
internal static class PreTokenizers
{
    /// <summary>GPT-2's pattern.</summary>
    internal const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    internal static PreTokenizer None { get; } = static (text, words) => words.Add(text);

    internal static PreTokenizer Sequence(IReadOnlyList<PreTokenizer> parts)
    {
        if (parts.Count < 2)
            return parts.Count == 0 ? None : parts[0];
        return (text, words) =>
        {
            List<Word> current = [text];
            foreach (PreTokenizer part in parts)
            {
                var split = new List<Word>(current.Count);
                foreach (Word word in current)
                    part(word, split);
                current = split;
            }
            words.AddRange(current);
        };
    }

    internal static PreTokenizer ByteLevel(bool addPrefixSpace, bool useRegex)
    {
        TextPattern? pattern = useRegex ? new TextPattern(Gpt2Pattern) : null;
        return (text, words) =>
        {
            if (addPrefixSpace && !text.Text.StartsWith(' '))
                text = text with { Text = " " + text.Text };
            List<Word> split = [];
            if (pattern is null)
                split.Add(text);
            else
                Split(text, pattern, SplitBehavior.Isolated, invert: false, split);
            foreach (Word word in split)
                words.Add(word with { Text = ByteAlphabet.Write(word.Text) });
        };
    }

    /// <summary>Spaces become <paramref name="replacement"/>, one is put in front, and words begin with it.</summary>
    /// <param name="scheme"><c>always</c>, <c>first</c> (only where the text begins) or <c>never</c>.</param>
    internal static PreTokenizer Metaspace(string replacement, string scheme, bool split)
    {
        var pattern = new TextPattern(Regex.Escape(replacement));
        return (text, words) =>
        {
            string spaced = text.Text.Replace(" ", replacement, StringComparison.Ordinal);
            bool prepend = scheme == "always" || (scheme == "first" && text.AtStart);
            if (prepend && !spaced.StartsWith(replacement, StringComparison.Ordinal))
                spaced = replacement + spaced;
            if (split)
                Split(text with { Text = spaced }, pattern, SplitBehavior.MergedWithNext, invert: false, words);
            else
                words.Add(text with { Text = spaced });
        };
    }

    internal static PreTokenizer Split(TextPattern pattern, SplitBehavior behavior, bool invert) =>
        (text, words) => Split(text, pattern, behavior, invert, words);

    private static void Split(Word text, TextPattern pattern, SplitBehavior behavior, bool invert, List<Word> words)
    {
        var parts = new List<(int Start, int End, bool Match)>();
        int done = 0;
        foreach ((int start, int length) in pattern.Matches(text.Text))
        {
            if (start > done)
                parts.Add((done, start, invert));
            parts.Add((start, start + length, !invert));
            done = start + length;
        }
        if (done < text.Text.Length)
            parts.Add((done, text.Text.Length, invert));
        foreach ((int start, int end) in Arrange(parts, behavior))
            words.Add(new Word(text.Text[start..end], text.AtStart && start == 0));
    }

    private static List<(int Start, int End)> Arrange(List<(int Start, int End, bool Match)> parts, SplitBehavior behavior)
    {
        var arranged = new List<(int Start, int End)>(parts.Count);
        for (int i = 0; i < parts.Count; i++)
        {
            (int start, int end, bool match) = parts[i];
            bool before = i > 0 && parts[i - 1].Match;
            bool join = behavior switch
            {
                SplitBehavior.MergedWithPrevious => match && i > 0 && !before,
                SplitBehavior.MergedWithNext => !match && before,
                SplitBehavior.Contiguous => i > 0 && match == before,
                _ => false,
            };
            if (join)
                arranged[^1] = (arranged[^1].Start, end);
            else if (behavior != SplitBehavior.Removed || !match)
                arranged.Add((start, end));
        }
        return arranged;
    }
}
