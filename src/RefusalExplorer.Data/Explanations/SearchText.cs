using System.Globalization;
using System.Text;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Explanations;

/// <summary>
/// Turns what a user types into an FTS5 expression (https://sqlite.org/fts5.html#full_text_query_syntax). Each term becomes a quoted string, so that
/// nothing typed can be taken for FTS5's own operators, columns or brackets.
/// </summary>
internal static class SearchText
{
    private const int LongestText = 1000, MostTerms = 64;

    /// <summary>Words that all must occur, "phrases", -words that must not, begin* for beginnings.</summary>
    /// <exception cref="StoreException">No word to search for, or too long.</exception>
    public static string ToMatch(string text)
    {
        if (text.Length > LongestText)
            throw new StoreException($"search: {text.Length} characters; expected at most {LongestText}");
        List<string> wanted = [], unwanted = [];
        for (int at = 0; Next(text, ref at) is { } term;)
        {
            if (term.HasWord)
                (term.Not ? unwanted : wanted).Add(term.Quoted);
        }
        if (wanted.Count == 0)
        {
            throw new StoreException(unwanted.Count > 0
                ? "search: only words that must not occur; add at least one that must"
                : $"search '{Short(text)}': no word to search for; expected words, \"phrases\", -words or beginnings*");
        }
        if (wanted.Count + unwanted.Count > MostTerms)
            throw new StoreException($"search: {wanted.Count + unwanted.Count} words; expected at most {MostTerms}");
        string all = string.Join(" AND ", wanted);
        return unwanted.Count == 0 ? all : $"({all}) NOT ({string.Join(" OR ", unwanted)})";
    }

    private readonly record struct Term(string Text, bool Not, bool Prefix)
    {
        public string Quoted => $"\"{Text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"{(Prefix ? "*" : "")}";

        /// <summary>FTS5's unicode61 takes letters, numbers and private use for words; a term of nothing else would match nothing.</summary>
        public bool HasWord => Text.EnumerateRunes().Any(r => Rune.IsLetterOrDigit(r) || Rune.GetUnicodeCategory(r)
            is UnicodeCategory.OtherNumber or UnicodeCategory.LetterNumber or UnicodeCategory.PrivateUse);
    }

    private static Term? Next(string text, ref int at)
    {
        while (at < text.Length && IsBlank(text[at]))
            at++;
        if (at == text.Length)
            return null;
        bool not = text[at] == '-' && at + 1 < text.Length && !IsBlank(text[at + 1]);
        if (not)
            at++;
        string term;
        if (text[at] == '"')
        {
            int end = text.IndexOf('"', at + 1);
            // A quote that is not closed, as while typing, runs to the end.
            term = end < 0 ? text[(at + 1)..] : text[(at + 1)..end];
            at = end < 0 ? text.Length : end + 1;
        }
        else
        {
            int start = at;
            while (at < text.Length && !IsBlank(text[at]) && text[at] is not ('"' or '*'))
                at++;
            term = text[start..at];
        }
        bool prefix = at < text.Length && text[at] == '*';
        while (at < text.Length && text[at] == '*')
            at++;
        return new Term(Clean(term), not, prefix);
    }

    // SQLite ends a string at U+0000, and a lone surrogate has no UTF-8 form.
    private static string Clean(string term) =>
        new([.. term.Select((c, i) => c == '\0' || (char.IsSurrogate(c) && !IsPaired(term, i)) ? ' ' : c)]);

    private static bool IsPaired(string text, int i) =>
        (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])) || (i > 0 && char.IsSurrogatePair(text[i - 1], text[i]));

    private static bool IsBlank(char c) => char.IsWhiteSpace(c) || char.IsControl(c);

    private static string Short(string text) => (text.Length > 40 ? text[..40] + "…" : text).ReplaceLineEndings(" ");
}
