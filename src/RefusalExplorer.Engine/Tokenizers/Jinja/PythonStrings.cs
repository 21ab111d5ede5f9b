using System.Text;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>Python's methods of texts that .NET does not have in the same form.</summary>
internal static class PythonStrings
{
    internal static string Capitalize(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    internal static string Title(string text)
    {
        var output = new StringBuilder(text.Length);
        bool inWord = false;
        foreach (char c in text)
        {
            output.Append(inWord ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c));
            inWord = char.IsLetter(c);
        }
        return output.ToString();
    }

    internal static string Replace(string text, string old, string with, int count, RenderBudget budget)
    {
        if (count == 0)
            return text;
        long most = count < 0 ? long.MaxValue : count;
        if (old.Length == 0)
            return Interleave(text, with, most, budget);
        long found = Math.Min(Count(text, old), most);
        budget.Make(text.Length + (found * with.Length));
        if (count < 0)
            return text.Replace(old, with, StringComparison.Ordinal);
        var output = new StringBuilder();
        int from = 0;
        for (long n = 0; n < found; n++)
        {
            int at = text.IndexOf(old, from, StringComparison.Ordinal);
            output.Append(text, from, at - from).Append(with);
            from = at + old.Length;
        }
        return output.Append(text, from, text.Length - from).ToString();
    }

    internal static List<object?> Split(string text, object? separator, int most, RenderBudget budget)
    {
        var parts = new List<object?>();
        if (separator is null)
            return SplitAtSpace(text, most);
        string sep = Separator(separator);
        int from = 0;
        while ((most < 0 || parts.Count < most) && text.IndexOf(sep, from, StringComparison.Ordinal) is var at and >= 0)
        {
            parts.Add(text[from..at]);
            from = at + sep.Length;
        }
        parts.Add(text[from..]);
        budget.Make(parts.Count);
        return parts;
    }

    internal static List<object?> SplitFromEnd(string text, object? separator, int most, RenderBudget budget)
    {
        if (separator is null)
        {
            List<object?> words = SplitAtSpace(text, -1);
            if (most < 0 || words.Count <= most + 1)
                return words;
            string rest = PythonText.Trim(text);
            var last = new List<object?>();
            for (int i = 0; i < most; i++)
            {
                string word = (string)words[^(i + 1)]!;
                last.Insert(0, word);
                rest = PythonText.TrimEnd(rest[..^word.Length]);
            }
            last.Insert(0, rest);
            return last;
        }
        string sep = Separator(separator);
        var parts = new List<object?>();
        int end = text.Length;
        while ((most < 0 || parts.Count < most) && end >= sep.Length
            && text.AsSpan(0, end).LastIndexOf(sep, StringComparison.Ordinal) is var at and >= 0)
        {
            parts.Add(text[(at + sep.Length)..end]);
            end = at;
        }
        parts.Add(text[..end]);
        parts.Reverse();
        budget.Make(parts.Count);
        return parts;
    }

    internal static List<object?> Lines(string text, bool keepEnds)
    {
        var lines = new List<object?>();
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('\n' or '\r' or '\v' or '\f' or '\u001c' or '\u001d' or '\u001e' or '\u0085' or '\u2028' or '\u2029'))
                continue;
            int end = i;
            if (text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n')
                i++;
            lines.Add(text[start..(keepEnds ? i + 1 : end)]);
            start = i + 1;
        }
        if (start < text.Length)
            lines.Add(text[start..]);
        return lines;
    }

    internal static JinjaTuple Partition(string text, string separator, bool last)
    {
        Separator(separator);
        int at = last ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        if (at < 0)
            return last ? new JinjaTuple(["", "", text]) : new JinjaTuple([text, "", ""]);
        return new JinjaTuple([text[..at], separator, text[(at + separator.Length)..]]);
    }

    internal static string Join(string separator, List<object?> items, RenderBudget budget)
    {
        string[] texts = [.. items.Select(i => i as string ?? throw new JinjaValueException($"'join' takes texts, found {JinjaValue.Describe(i)}"))];
        budget.Make(texts.Sum(t => (long)t.Length + separator.Length));
        return string.Join(separator, texts);
    }

    internal static int Count(string text, string part)
    {
        if (part.Length == 0)
            return PythonText.Length(text) + 1;
        int count = 0;
        for (int from = 0; (from = text.IndexOf(part, from, StringComparison.Ordinal)) >= 0; from += part.Length)
            count++;
        return count;
    }

    internal static string ZeroFill(string text, int width)
    {
        bool signed = text.StartsWith('-') || text.StartsWith('+');
        string zeros = Pad(text, width, "0");
        return signed ? text[0] + zeros + text[1..] : zeros + text;
    }

    internal static string Pad(string text, int width, object? fill) =>
        new((fill as string ?? " ") is [char c, ..] ? c : ' ', Math.Max(0, width - PythonText.Length(text)));

    internal static string Center(string text, int width)
    {
        int pad = Math.Max(0, width - PythonText.Length(text));
        int left = (pad / 2) + (pad & width & 1);
        return new string(' ', left) + text + new string(' ', pad - left);
    }

    /// <summary><c>str.format</c> with plain fields: <c>{}</c>, <c>{0}</c>, <c>{name}</c>.</summary>
    internal static string Format(string format, CallArguments a)
    {
        var output = new StringBuilder();
        int next = 0;
        for (int i = 0; i < format.Length; i++)
        {
            char c = format[i];
            if (c is not ('{' or '}'))
            {
                output.Append(c);
                continue;
            }
            if (i + 1 < format.Length && format[i + 1] == c)
            {
                output.Append(c);
                i++;
                continue;
            }
            int end = format.IndexOf('}', i);
            if (c == '}' || end < 0)
                throw new JinjaValueException("'format' found a single brace");
            string field = format[(i + 1)..end];
            object? value = field.Length == 0 ? a.Require(next++, "field")
                : int.TryParse(field, System.Globalization.NumberStyles.None, null, out int place) ? a.Require(place, field)
                : a.Require(int.MaxValue, field);
            output.Append(PythonText.Str(value, a.State.Budget));
            RenderBudget.Check(output.Length);
            i = end;
        }
        return output.ToString();
    }

    private static List<object?> SplitAtSpace(string text, int most)
    {
        var parts = new List<object?>();
        int at = 0;
        while (true)
        {
            while (at < text.Length && PythonText.IsSpace(text[at]))
                at++;
            if (at == text.Length)
                return parts;
            int start = at;
            if (most >= 0 && parts.Count == most)
            {
                parts.Add(PythonText.TrimEnd(text[start..]));
                return parts;
            }
            while (at < text.Length && !PythonText.IsSpace(text[at]))
                at++;
            parts.Add(text[start..at]);
        }
    }

    private static string Separator(object separator) => separator is string { Length: > 0 } text
        ? text
        : throw new JinjaValueException($"the separator is {(separator is string ? "empty" : JinjaValue.Describe(separator))}, expected a text");

    private static string Interleave(string text, string with, long most, RenderBudget budget)
    {
        List<object?> characters = PythonText.Characters(text);
        budget.Make(text.Length + ((characters.Count + 1L) * with.Length));
        var output = new StringBuilder();
        for (int i = 0; i <= characters.Count; i++)
        {
            if (i < most)
                output.Append(with);
            if (i < characters.Count)
                output.Append((string)characters[i]!);
        }
        return output.ToString();
    }
}
