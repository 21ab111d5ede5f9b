using System.Text;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>Oniguruma's patterns in .NET's form: possessive quantifiers (<c>x?+</c>, as in tiktoken's patterns) become atomic groups.</summary>
internal static class RegexTranslation
{
    internal static string ToDotNet(string pattern)
    {
        var output = new StringBuilder(pattern.Length + 8);
        var groups = new Stack<int>();
        int atom = 0;
        for (int i = 0; i < pattern.Length;)
        {
            char c = pattern[i];
            if (c is '?' or '*' or '+' || (c == '{' && Interval(pattern, i) > 0))
            {
                i = Quantifier(pattern, i, atom, output);
                continue;
            }
            int end = AtomEnd(pattern, i);
            if (c == ')')
                atom = groups.Count > 0 ? groups.Pop() : output.Length;
            else
                atom = output.Length;
            if (c == '(')
            {
                groups.Push(atom);
                end = GroupHead(pattern, i);
            }
            output.Append(pattern, i, end - i);
            i = end;
        }
        return output.ToString();
    }

    private static int Quantifier(string pattern, int at, int atom, StringBuilder output)
    {
        int end = pattern[at] == '{' ? Interval(pattern, at) : at + 1;
        output.Append(pattern, at, end - at);
        if (end < pattern.Length && pattern[end] == '?')
        {
            output.Append('?');
            return end + 1;
        }
        if (end >= pattern.Length || pattern[end] != '+')
            return end;
        // After an interval '+' repeats; after the others it takes and does not give back.
        output.Insert(atom, pattern[at] == '{' ? "(?:" : "(?>").Append(')');
        if (pattern[at] == '{')
            output.Append('+');
        return end + 1;
    }

    private static int Interval(string pattern, int at)
    {
        int end = pattern.IndexOf('}', at);
        return end > at + 1 && pattern[(at + 1)..end].All(c => char.IsAsciiDigit(c) || c == ',') ? end + 1 : 0;
    }

    private static int GroupHead(string pattern, int at)
    {
        if (at + 1 >= pattern.Length || pattern[at + 1] != '?')
            return at + 1;
        int end = at + 2;
        while (end < pattern.Length && pattern[end] is ':' or '=' or '!' or '<' or '>' or '-' || (end < pattern.Length && char.IsAsciiLetterLower(pattern[end])))
        {
            if (pattern[end++] is ':' or '=' or '!' or '>')
                break;
        }
        return end;
    }

    private static int AtomEnd(string pattern, int at)
    {
        if (pattern[at] == '\\' && at + 1 < pattern.Length)
        {
            int close = pattern[at + 1] is 'p' or 'P' && at + 2 < pattern.Length && pattern[at + 2] == '{' ? pattern.IndexOf('}', at) : -1;
            return close > 0 ? close + 1 : at + 2;
        }
        if (pattern[at] != '[')
            return at + 1;
        int end = at + 1;
        if (end < pattern.Length && pattern[end] == '^')
            end++;
        if (end < pattern.Length && pattern[end] == ']')
            end++;
        while (end < pattern.Length && pattern[end] != ']')
            end += pattern[end] == '\\' ? 2 : 1;
        return Math.Min(end + 1, pattern.Length);
    }
}
