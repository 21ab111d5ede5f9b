using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Web.Components.Controls;

/// <summary>How a token is written on a page.</summary>
public static class TokenText
{
    /// <summary>What is shown.</summary>
    /// <param name="Text">The text, with marks of the vocabulary (▁, Ġ, Ċ) cleaned.</param>
    /// <param name="NewLine">Whether a ↵ and a break follow.</param>
    public sealed record Shown(string Text, bool NewLine);

    /// <summary>The token's text; special tokens and those without text of their own are shown as their piece.</summary>
    public static Shown Show(TokenView token)
    {
        if (token.IsSpecial)
            return new Shown(token.Text.Length > 0 ? token.Text : token.Piece, false);
        string text = token.Text.Length > 0 ? token.Text : Clean(token.Piece);
        bool newLine = text.EndsWith('\n');
        text = (newLine ? text[..^1] : text).Replace("\r", "", StringComparison.Ordinal).Replace("\n", "↵", StringComparison.Ordinal);
        return new Shown(text, newLine);
    }

    /// <summary>The token in a list of words: without blanks around it, ␣ for nothing but blanks, ↵ for a line break.</summary>
    public static string Inline(TokenView token)
    {
        Shown shown = Show(token);
        string text = shown.Text.Trim() + (shown.NewLine ? "↵" : "");
        return text.Length > 0 ? text : "␣";
    }

    private static string Clean(string piece) =>
        piece.Replace('▁', ' ').Replace('Ġ', ' ').Replace('Ċ', '\n').Replace('ĉ', '\t');
}
