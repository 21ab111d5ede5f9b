using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>A tokenizer's regular expression, matched on code points as Hugging Face's engine does; .NET's sees UTF-16 halves.</summary>
internal sealed class TextPattern
{
    // A published pattern takes microseconds; a hostile one may backtrack for ever.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly char[] StandIns = BuildStandIns();
    private readonly Regex _regex;

    /// <exception cref="ArgumentException">Not a pattern that .NET can match.</exception>
    internal TextPattern(string pattern) => _regex = new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.Compiled, Limit);

    /// <summary>Where the pattern matches, in UTF-16 units, without empty matches.</summary>
    /// <exception cref="EngineException">The pattern takes too long on this text.</exception>
    internal List<(int Start, int Length)> Matches(string text)
    {
        var matches = new List<(int Start, int Length)>();
        bool astral = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0;
        (string shadow, int[] places) = astral ? Shadow(text) : (text, []);
        try
        {
            foreach (ValueMatch match in _regex.EnumerateMatches(shadow))
            {
                if (match.Length == 0)
                    continue;
                matches.Add(astral
                    ? (places[match.Index], places[match.Index + match.Length] - places[match.Index])
                    : (match.Index, match.Length));
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new EngineException($"the tokenizer's pattern took more than {Limit.TotalSeconds} s on a text of {text.Length} characters; shorten the text", e);
        }
        return matches;
    }

    // Each code point above U+FFFF becomes one character of its general category; patterns only ask for categories.
    private static (string Shadow, int[] Places) Shadow(string text)
    {
        var shadow = new StringBuilder(text.Length);
        var places = new List<int>(text.Length + 1);
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            places.Add(at);
            shadow.Append(rune.IsBmp ? (char)rune.Value : StandIns[(int)Rune.GetUnicodeCategory(rune)]);
            at += rune.Utf16SequenceLength;
        }
        places.Add(at);
        return (shadow.ToString(), [.. places]);
    }

    private static char[] BuildStandIns()
    {
        char[] standIns = new char[30];
        for (int c = char.MaxValue - 1; c >= 0x80; c--)
        {
            if (!char.IsSurrogate((char)c))
                standIns[(int)CharUnicodeInfo.GetUnicodeCategory(c)] = (char)c;
        }
        standIns[(int)UnicodeCategory.Surrogate] = '\uFFFD';
        standIns[(int)UnicodeCategory.Control] = '\uFFFD';
        return standIns;
    }
}
