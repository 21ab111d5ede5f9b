using System.Globalization;
using System.Text;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>Python's <c>json.dumps(ensure_ascii=False)</c>, which is transformers' <c>tojson</c>.</summary>
internal sealed class JinjaJson(RenderBudget budget, string? indent, string itemSeparator, string keySeparator, bool sortKeys)
{
    private readonly StringBuilder _output = new();

    internal static string ToJson(CallArguments a)
    {
        string? indent = a.Get(1, "indent") switch
        {
            null => null,
            string text => text,
            object other => new string(' ', (int)Math.Clamp(JinjaValue.AsWhole(other) ?? 0, 0, 100)),
        };
        (string item, string key) = a.Named.GetValueOrDefault("separators") is List<object?> and [string first, string second]
            ? (first, second)
            : (indent is null ? ", " : ",", ": ");
        var json = new JinjaJson(a.State.Budget, indent, item, key, JinjaValue.Truth(a.Named.GetValueOrDefault("sort_keys")));
        json.Write(a.Positional[0], 0);
        return json._output.ToString();
    }

    private void Write(object? value, int depth)
    {
        budget.Step(depth);
        RenderBudget.Check(_output.Length);
        switch (value)
        {
            case null: _output.Append("null"); break;
            case bool flag: _output.Append(flag ? "true" : "false"); break;
            case long whole: _output.Append(CultureInfo.InvariantCulture, $"{whole}"); break;
            case double number: _output.Append(PythonText.Number(number)); break;
            case string text: WriteText(text); break;
            case List<object?> list: WriteAll('[', ']', list, depth, item => Write(item, depth + 1)); break;
            case JinjaDict dict: WriteAll('{', '}', Ordered(dict), depth, pair => WritePair(pair, depth + 1)); break;
            default: throw JinjaValue.Unusable(value) ?? new JinjaValueException($"{JinjaValue.Describe(value)} has no JSON form");
        }
    }

    private void WriteAll<T>(char open, char close, IReadOnlyCollection<T> items, int depth, Action<T> write)
    {
        _output.Append(open);
        bool first = true;
        foreach (T item in items)
        {
            if (!first)
                _output.Append(itemSeparator);
            first = false;
            NewLine(depth + 1);
            write(item);
        }
        if (items.Count > 0)
            NewLine(depth);
        _output.Append(close);
    }

    private void WritePair(KeyValuePair<object, object?> pair, int depth)
    {
        WriteText(pair.Key as string ?? PythonText.Str(pair.Key, budget));
        _output.Append(keySeparator);
        Write(pair.Value, depth);
    }

    private void NewLine(int depth)
    {
        if (indent is null)
            return;
        _output.Append('\n');
        for (int i = 0; i < depth; i++)
            _output.Append(indent);
    }

    private KeyValuePair<object, object?>[] Ordered(JinjaDict dict) => sortKeys
        ? [.. dict.OrderBy(p => p.Key.ToString(), StringComparer.Ordinal)]
        : [.. dict];

    private void WriteText(string text)
    {
        _output.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => _output.Append("\\\""),
                '\\' => _output.Append("\\\\"),
                '\n' => _output.Append("\\n"),
                '\r' => _output.Append("\\r"),
                '\t' => _output.Append("\\t"),
                '\b' => _output.Append("\\b"),
                '\f' => _output.Append("\\f"),
                < ' ' => _output.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => _output.Append(c),
            };
        }
        _output.Append('"');
    }
}
