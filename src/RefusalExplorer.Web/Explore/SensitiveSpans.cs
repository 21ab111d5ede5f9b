using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Web.Explore;

/// <summary>Which tokens of a prompt hold the user's words, and not the template's.</summary>
public static class SensitiveSpans
{
    /// <summary>Tokens that hold a part of <paramref name="words"/>, where it stands last; all tokens where it is not found.</summary>
    /// <param name="tokens">A prompt's tokens.</param>
    /// <param name="words">The user's words, as they went into the template.</param>
    public static Range Of(IReadOnlyList<TokenView> tokens, string words)
    {
        // Without blanks: some vocabularies lose them where a token is decoded alone.
        string text = string.Concat(tokens.Select(Text));
        string wanted = Dense(words);
        int start = wanted.Length == 0 ? -1 : text.LastIndexOf(wanted, StringComparison.Ordinal);
        if (start < 0)
            return 0..tokens.Count;
        int first = -1, after = 0, at = 0;
        for (int i = 0; i < tokens.Count; i++)
        {
            int end = at + Text(tokens[i]).Length;
            if (end > start && at < start + wanted.Length && end > at)
            {
                if (first < 0)
                    first = i;
                after = i + 1;
            }
            at = end;
        }
        return first..after;
    }

    /// <summary>The parts of prompt and answer that are blurred.</summary>
    /// <param name="prompt">The prompt's tokens.</param>
    /// <param name="words">The user's words in it.</param>
    /// <param name="answer">Tokens of the answer that follows.</param>
    /// <param name="clear">Tokens of the answer that stay clear.</param>
    public static ImmutableArray<Range> Of(IReadOnlyList<TokenView> prompt, string words, int answer, int clear) =>
        [Of(prompt, words), (prompt.Count + Math.Min(clear, answer))..(prompt.Count + answer)];

    private static string Text(TokenView token) => token.IsSpecial ? "" : Dense(token.Text);

    private static string Dense(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c)));
}
