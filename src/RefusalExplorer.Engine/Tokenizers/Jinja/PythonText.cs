using System.Globalization;
using System.Text;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>Python's view of text: white space, code points as characters, <c>str()</c> and <c>repr()</c>.</summary>
internal static class PythonText
{
    internal static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';

    internal static string TrimEnd(string text, string? chars = null)
    {
        int end = text.Length;
        while (end > 0 && Trims(text[end - 1], chars))
            end--;
        return text[..end];
    }

    internal static string TrimStart(string text, string? chars = null)
    {
        int start = 0;
        while (start < text.Length && Trims(text[start], chars))
            start++;
        return text[start..];
    }

    internal static string Trim(string text, string? chars = null) => TrimStart(TrimEnd(text, chars), chars);

    internal static bool HasPairs(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0;

    internal static int Length(string text) => HasPairs(text) ? text.EnumerateRunes().Count() : text.Length;

    /// <summary>The characters, each as a text.</summary>
    internal static List<object?> Characters(string text) => HasPairs(text)
        ? [.. text.EnumerateRunes().Select(r => r.ToString())]
        : [.. text.Select(c => c.ToString())];

    internal static string Str(object? value, RenderBudget budget)
    {
        if (value is string text)
            return text;
        var output = new StringBuilder();
        Write(value, output, budget, 0, top: true);
        return output.ToString();
    }

    internal static string Number(double value)
    {
        if (double.IsNaN(value))
            return "nan";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";
        double size = Math.Abs(value);
        if (size != 0 && (size >= 1e16 || size < 1e-4))
        {
            string text = value.ToString("E16", CultureInfo.InvariantCulture);
            string shortest = value.ToString("R", CultureInfo.InvariantCulture);
            return shortest.Contains('E', StringComparison.Ordinal) ? Exponent(shortest) : Exponent(Shorten(text));
        }
        string plain = value.ToString("R", CultureInfo.InvariantCulture);
        if (plain.Contains('E', StringComparison.Ordinal))
            plain = value.ToString("F0", CultureInfo.InvariantCulture);
        return plain.Contains('.', StringComparison.Ordinal) ? plain : plain + ".0";
    }

    private static string Shorten(string text)
    {
        int e = text.IndexOf('E', StringComparison.Ordinal);
        return text[..e].TrimEnd('0').TrimEnd('.') + text[e..];
    }

    private static string Exponent(string text)
    {
        int e = text.IndexOf('E', StringComparison.Ordinal);
        int exponent = int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{text[..e]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
    }

    private static void Write(object? value, StringBuilder output, RenderBudget budget, int depth, bool top)
    {
        budget.Step(depth);
        switch (value)
        {
            case null: output.Append("None"); break;
            case Undefined: break;
            case bool flag: output.Append(flag ? "True" : "False"); break;
            case long whole: output.Append(CultureInfo.InvariantCulture, $"{whole}"); break;
            case double number: output.Append(Number(number)); break;
            case string text: output.Append(top ? text : Quote(text)); break;
            case JinjaTuple tuple: WriteAll(tuple, output, budget, depth, "(", tuple.Count == 1 ? ",)" : ")"); break;
            case List<object?> list: WriteAll(list, output, budget, depth, "[", "]"); break;
            case JinjaDict dict: WriteDict(dict, output, budget, depth); break;
            default: output.Append(CultureInfo.InvariantCulture, $"<{value.GetType().Name}>"); break;
        }
        RenderBudget.Check(output.Length);
    }

    private static void WriteAll(List<object?> list, StringBuilder output, RenderBudget budget, int depth, string open, string close)
    {
        output.Append(open);
        for (int i = 0; i < list.Count; i++)
        {
            if (i > 0)
                output.Append(", ");
            Write(list[i], output, budget, depth + 1, top: false);
        }
        output.Append(close);
    }

    private static void WriteDict(JinjaDict dict, StringBuilder output, RenderBudget budget, int depth)
    {
        string separator = "{";
        foreach ((object key, object? item) in dict)
        {
            output.Append(separator);
            Write(key, output, budget, depth + 1, top: false);
            output.Append(": ");
            Write(item, output, budget, depth + 1, top: false);
            separator = ", ";
        }
        output.Append(dict.Count == 0 ? "{}" : "}");
    }

    private static string Quote(string text)
    {
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var output = new StringBuilder().Append(quote);
        foreach (char c in text)
        {
            _ = c switch
            {
                '\n' => output.Append("\\n"),
                '\r' => output.Append("\\r"),
                '\t' => output.Append("\\t"),
                '\\' => output.Append("\\\\"),
                _ when c == quote => output.Append('\\').Append(c),
                < ' ' or '\u007f' => output.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => output.Append(c),
            };
        }
        return output.Append(quote).ToString();
    }

    private static bool Trims(char c, string? chars) => chars is null ? IsSpace(c) : chars.Contains(c, StringComparison.Ordinal);
}
