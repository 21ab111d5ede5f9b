using System.Globalization;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>Methods of texts, lists and mappings that do not change them (transformers renders in an immutable sandbox).</summary>
internal static class JinjaMethods
{
    private static readonly Dictionary<string, Func<string, CallArguments, object?>> OfText = new(StringComparer.Ordinal)
    {
        ["strip"] = (t, a) => PythonText.Trim(t, Chars(a)),
        ["lstrip"] = (t, a) => PythonText.TrimStart(t, Chars(a)),
        ["rstrip"] = (t, a) => PythonText.TrimEnd(t, Chars(a)),
        ["upper"] = (t, _) => t.ToUpperInvariant(),
        ["lower"] = (t, _) => t.ToLowerInvariant(),
        ["casefold"] = (t, _) => t.ToLowerInvariant(),
        ["title"] = (t, _) => PythonStrings.Title(t),
        ["capitalize"] = (t, _) => PythonStrings.Capitalize(t),
        ["swapcase"] = (t, _) => string.Concat(t.Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c))),
        ["startswith"] = (t, a) => Affix(a).Any(p => t.StartsWith(p, StringComparison.Ordinal)),
        ["endswith"] = (t, a) => Affix(a).Any(p => t.EndsWith(p, StringComparison.Ordinal)),
        ["removeprefix"] = (t, a) => t.StartsWith(a.Text(0, "prefix"), StringComparison.Ordinal) ? t[a.Text(0, "prefix").Length..] : t,
        ["removesuffix"] = (t, a) => t.EndsWith(a.Text(0, "suffix"), StringComparison.Ordinal) ? t[..^a.Text(0, "suffix").Length] : t,
        ["replace"] = (t, a) => PythonStrings.Replace(t, a.Text(0, "old"), a.Text(1, "new"), a.Whole(2, "count", -1), a.State.Budget),
        ["split"] = (t, a) => PythonStrings.Split(t, a.Get(0, "sep"), a.Whole(1, "maxsplit", -1), a.State.Budget),
        ["rsplit"] = (t, a) => PythonStrings.SplitFromEnd(t, a.Get(0, "sep"), a.Whole(1, "maxsplit", -1), a.State.Budget),
        ["splitlines"] = (t, a) => PythonStrings.Lines(t, JinjaValue.Truth(a.Get(0, "keepends", false))),
        ["partition"] = (t, a) => PythonStrings.Partition(t, a.Text(0, "sep"), last: false),
        ["rpartition"] = (t, a) => PythonStrings.Partition(t, a.Text(0, "sep"), last: true),
        ["join"] = (t, a) => PythonStrings.Join(t, JinjaValue.Items(a.Require(0, "iterable"), a.State.Budget), a.State.Budget),
        ["find"] = (t, a) => Place(t, t.IndexOf(a.Text(0, "sub"), StringComparison.Ordinal)),
        ["rfind"] = (t, a) => Place(t, t.LastIndexOf(a.Text(0, "sub"), StringComparison.Ordinal)),
        ["index"] = (t, a) => t.IndexOf(a.Text(0, "sub"), StringComparison.Ordinal) is var at and >= 0
            ? Place(t, at)
            : throw new JinjaValueException("'index' finds no such text"),
        ["count"] = (t, a) => (long)PythonStrings.Count(t, a.Text(0, "sub")),
        ["zfill"] = (t, a) => PythonStrings.ZeroFill(t, Width(a)),
        ["ljust"] = (t, a) => t + PythonStrings.Pad(t, Width(a), a.Get(1, "fillchar")),
        ["rjust"] = (t, a) => PythonStrings.Pad(t, Width(a), a.Get(1, "fillchar")) + t,
        ["center"] = (t, a) => PythonStrings.Center(t, Width(a)),
        ["isdigit"] = (t, _) => t.Length > 0 && t.All(char.IsDigit),
        ["isnumeric"] = (t, _) => t.Length > 0 && t.All(char.IsNumber),
        ["isdecimal"] = (t, _) => t.Length > 0 && t.All(char.IsDigit),
        ["isalpha"] = (t, _) => t.Length > 0 && t.All(char.IsLetter),
        ["isalnum"] = (t, _) => t.Length > 0 && t.All(c => char.IsLetter(c) || char.IsNumber(c)),
        ["isspace"] = (t, _) => t.Length > 0 && t.All(PythonText.IsSpace),
        ["isupper"] = (t, _) => t.Any(char.IsUpper) && !t.Any(char.IsLower),
        ["islower"] = (t, _) => t.Any(char.IsLower) && !t.Any(char.IsUpper),
        ["format"] = (t, a) => PythonStrings.Format(t, a),
    };

    private static readonly Dictionary<string, Func<JinjaDict, CallArguments, object?>> OfMapping = new(StringComparer.Ordinal)
    {
        ["get"] = (d, a) => d.TryGetValue(JinjaValue.Key(a.Require(0, "key")), out object? value) ? value : a.Get(1, "default"),
        ["items"] = (d, _) => d.Select(object? (p) => new JinjaTuple([p.Key, p.Value])).ToList(),
        ["keys"] = (d, _) => d.Keys.ToList<object?>(),
        ["values"] = (d, _) => d.Values.ToList(),
        ["copy"] = (d, _) => Copy(d),
    };

    private static readonly Dictionary<string, Func<List<object?>, CallArguments, object?>> OfList = new(StringComparer.Ordinal)
    {
        ["index"] = (l, a) => l.FindIndex(i => JinjaValue.AreEqual(i, a.Require(0, "value"), a.State.Budget)) is var at and >= 0
            ? (long)at
            : throw new JinjaValueException("'index' finds no such item"),
        ["count"] = (l, a) => l.LongCount(i => JinjaValue.AreEqual(i, a.Require(0, "value"), a.State.Budget)),
        ["copy"] = (l, _) => l.ToList(),
    };

    private static readonly HashSet<string> Changing = new(StringComparer.Ordinal)
    {
        "append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "update", "setdefault", "popitem",
    };

    /// <summary>The method of a value, or null.</summary>
    internal static JinjaFunction? Find(object? value, string name) => value switch
    {
        string text when OfText.TryGetValue(name, out var method) => a => Made(method(text, a), a),
        JinjaDict dict when OfMapping.TryGetValue(name, out var method) => a => Made(method(dict, a), a),
        List<object?> list when OfList.TryGetValue(name, out var method) => a => Made(method(list, a), a),
        List<object?> or JinjaDict when Changing.Contains(name) && !(value is JinjaDict d && d.ContainsKey(name)) =>
            _ => throw new JinjaValueException($"'{name}' would change {JinjaValue.Describe(value)}; templates may not"),
        _ => null,
    };

    private static object? Made(object? value, CallArguments a)
    {
        a.State.Budget.Make(value switch { string text => text.Length, List<object?> list => list.Count, JinjaDict dict => dict.Count, _ => 0 });
        return value;
    }

    private static JinjaDict Copy(JinjaDict dict)
    {
        var copy = new JinjaDict();
        foreach ((object key, object? value) in dict)
            copy[key] = value;
        return copy;
    }

    private static string? Chars(CallArguments a) => a.Get(0, "chars") is null ? null : a.Text(0, "chars");

    private static int Width(CallArguments a)
    {
        int width = a.Whole(0, "width", 0);
        RenderBudget.Check(width);
        return width;
    }

    private static IEnumerable<string> Affix(CallArguments a) => a.Require(0, "affix") switch
    {
        string text => [text],
        JinjaTuple tuple => tuple.OfType<string>(),
        var other => throw new JinjaValueException(string.Create(CultureInfo.InvariantCulture, $"{JinjaValue.Describe(other)}, expected a text")),
    };

    // Python counts code points.
    private static long Place(string text, int at) => at <= 0 ? at : PythonText.Length(text[..at]);
}
