using System.Globalization;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>What may follow <c>|</c> (jinja2 <c>filters.py</c>).</summary>
internal static class JinjaFilters
{
    private static readonly Dictionary<string, JinjaFunction> Filters = new(StringComparer.Ordinal)
    {
        ["trim"] = a => PythonText.Trim(Str(a), a.Get(1, "chars") is null ? null : a.Text(1, "chars")),
        ["upper"] = a => Str(a).ToUpperInvariant(),
        ["lower"] = a => Str(a).ToLowerInvariant(),
        ["capitalize"] = a => PythonStrings.Capitalize(Str(a)),
        ["title"] = a => PythonStrings.Title(Str(a)),
        ["string"] = a => Str(a),
        ["safe"] = a => Str(a),
        ["escape"] = a => Escape(Str(a)),
        ["e"] = a => Escape(Str(a)),
        ["replace"] = a => PythonStrings.Replace(Str(a), a.Text(1, "old"), a.Text(2, "new"), a.Whole(3, "count", -1), a.State.Budget),
        ["indent"] = Indent,
        ["join"] = Join,
        ["length"] = a => Length(a),
        ["count"] = a => Length(a),
        ["default"] = Default,
        ["d"] = Default,
        ["tojson"] = JinjaJson.ToJson,
        ["int"] = ToWhole,
        ["float"] = ToNumber,
        ["abs"] = a => a.Positional[0] is double number ? Math.Abs(number) : Whole(a) is var whole and not long.MinValue ? (object)Math.Abs(whole) : 0L,
        ["round"] = a => Round(a),
        ["format"] = a => JinjaFormat.Percent(Str(a), a.Positional[1..], a.State.Budget),
        ["center"] = a => PythonStrings.Center(Str(a), Math.Min(a.Whole(1, "width", 80), 100_000)),
        ["wordcount"] = a => (long)PythonStrings.Split(Str(a), null, -1, a.State.Budget).Count,
        ["urlencode"] = a => Uri.EscapeDataString(Str(a)).Replace("%2F", "/", StringComparison.Ordinal),
        ["attr"] = a => JinjaValue.Attribute(a.Positional[0], a.Text(1, "name")),
    };

    internal static JinjaFunction? Find(string name) => Filters.GetValueOrDefault(name) ?? ListFilters.Find(name);

    internal static string Str(CallArguments a) => PythonText.Str(a.Positional[0], a.State.Budget);

    private static long Length(CallArguments a) => a.Positional[0] switch
    {
        string text => (long)PythonText.Length(text),
        List<object?> list => (long)list.Count,
        JinjaDict dict => (long)dict.Count,
        Undefined => 0L,
        var other => throw new JinjaValueException($"{JinjaValue.Describe(other)} has no length"),
    };

    private static object? Default(CallArguments a)
    {
        object? value = a.Positional[0];
        bool replaces = value is Undefined || (JinjaValue.Truth(a.Get(2, "boolean", false)) && !JinjaValue.Truth(value));
        return replaces ? a.Get(1, "default_value", "") : value;
    }

    private static string Join(CallArguments a)
    {
        string separator = PythonText.Str(a.Get(1, "d", ""), a.State.Budget);
        IEnumerable<object?> items = JinjaValue.Items(a.Positional[0], a.State.Budget);
        if (a.Get(2, "attribute") is string attribute)
            items = items.Select(i => ListFilters.Path(i, attribute));
        return PythonStrings.Join(separator, [.. items.Select(object? (i) => PythonText.Str(i, a.State.Budget))], a.State.Budget);
    }

    private static string Indent(CallArguments a)
    {
        string unit = a.Get(1, "width", 4L) is string text ? text : new string(' ', Math.Clamp(a.Whole(1, "width", 4), 0, 1000));
        bool first = JinjaValue.Truth(a.Get(2, "first", false));
        bool blank = JinjaValue.Truth(a.Get(3, "blank", false));
        string[] lines = (Str(a) + "\n").Split('\n')[..^1];
        a.State.Budget.Make(lines.Sum(l => (long)l.Length + unit.Length));
        return string.Join("\n", lines.Select((line, i) => (i == 0 ? first : blank || line.Length > 0) ? unit + line : line));
    }

    private static object? ToWhole(CallArguments a)
    {
        object? otherwise = a.Get(1, "default", 0L);
        return a.Positional[0] switch
        {
            long whole => whole,
            bool flag => flag ? 1L : 0L,
            double number when Math.Abs(number) < 9e18 => (long)number,
            string text when long.TryParse(
                text.Replace("_", "", StringComparison.Ordinal), NumberStyles.Integer, CultureInfo.InvariantCulture, out long whole) => whole,
            string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && Math.Abs(number) < 9e18 =>
                (long)number,
            _ => otherwise,
        };
    }

    private static object? ToNumber(CallArguments a) => a.Positional[0] switch
    {
        string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => number,
        object value when JinjaValue.AsNumber(value) is { } number => number,
        _ => a.Get(1, "default", 0.0),
    };

    private static double Round(CallArguments a)
    {
        double value = JinjaValue.AsNumber(a.Positional[0])
            ?? throw new JinjaValueException($"{JinjaValue.Describe(a.Positional[0])}, expected a number");
        double scale = Math.Pow(10, Math.Clamp(a.Whole(1, "precision", 0), -15, 15));
        return a.Get(2, "method", "common") switch
        {
            "ceil" => Math.Ceiling(value * scale) / scale,
            "floor" => Math.Floor(value * scale) / scale,
            _ => Math.Round(value * scale, MidpointRounding.ToEven) / scale,
        };
    }

    private static long Whole(CallArguments a) => JinjaValue.AsWhole(a.Positional[0])
        ?? throw new JinjaValueException($"{JinjaValue.Describe(a.Positional[0])}, expected a number");

    private static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal)
        .Replace("\"", "&#34;", StringComparison.Ordinal);
}
