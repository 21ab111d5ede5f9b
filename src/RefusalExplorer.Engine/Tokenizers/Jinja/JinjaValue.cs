namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>Python's rules for values: truth, equality, order, members, iteration.</summary>
internal static class JinjaValue
{
    internal static bool Truth(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long whole => whole != 0,
        double number => number != 0,
        string text => text.Length > 0,
        List<object?> list => list.Count > 0,
        JinjaDict dict => dict.Count > 0,
        _ => true,
    };

    internal static string Describe(object? value) => value switch
    {
        null => "none",
        Undefined undefined => $"undefined ({undefined.What})",
        bool => "a truth value",
        long => "a whole number",
        double => "a number",
        string => "a text",
        JinjaTuple => "a tuple",
        List<object?> => "a list",
        JinjaDict => "a mapping",
        JinjaNamespace => "a namespace",
        _ => "a function",
    };

    internal static bool AreEqual(object? left, object? right, RenderBudget budget, int depth = 0)
    {
        budget.Step(depth);
        if (AsNumber(left) is { } a && AsNumber(right) is { } b)
            return left is double || right is double ? a == b : AsWhole(left) == AsWhole(right);
        return (left, right) switch
        {
            (null, null) or (Undefined, Undefined) => true,
            (string x, string y) => string.Equals(x, y, StringComparison.Ordinal),
            (List<object?> x, List<object?> y) => x is JinjaTuple == y is JinjaTuple && x.Count == y.Count
                && x.Zip(y).All(p => AreEqual(p.First, p.Second, budget, depth + 1)),
            (JinjaDict x, JinjaDict y) => x.Count == y.Count
                && x.All(p => y.TryGetValue(p.Key, out object? other) && AreEqual(p.Value, other, budget, depth + 1)),
            _ => ReferenceEquals(left, right),
        };
    }

    internal static int Compare(object? left, object? right, RenderBudget budget, int depth = 0)
    {
        budget.Step(depth);
        if (AsNumber(left) is { } a && AsNumber(right) is { } b)
            return left is double || right is double ? a.CompareTo(b) : AsWhole(left)!.Value.CompareTo(AsWhole(right)!.Value);
        if (left is string x && right is string y)
            return string.CompareOrdinal(x, y);
        if (left is List<object?> first && right is List<object?> second)
        {
            for (int i = 0; i < Math.Min(first.Count, second.Count); i++)
            {
                if (!AreEqual(first[i], second[i], budget, depth + 1))
                    return Compare(first[i], second[i], budget, depth + 1);
            }
            return first.Count.CompareTo(second.Count);
        }
        throw Unusable(left) ?? Unusable(right) ?? new JinjaValueException($"{Describe(left)} and {Describe(right)} have no order");
    }

    internal static bool Contains(object? container, object? item, RenderBudget budget) => container switch
    {
        string text when item is string part => text.Contains(part, StringComparison.Ordinal),
        string => throw Unusable(item) ?? new JinjaValueException($"'in' a text needs a text, found {Describe(item)}"),
        List<object?> list => list.Any(i => AreEqual(i, item, budget)),
        JinjaDict dict => item is not (null or Undefined) && dict.ContainsKey(Key(item)),
        Undefined => false,
        _ => throw new JinjaValueException($"'in' needs a text, list or mapping, found {Describe(container)}"),
    };

    /// <summary>The items of a loop. A text gives its characters, a mapping its keys, undefined nothing.</summary>
    internal static List<object?> Items(object? value, RenderBudget budget)
    {
        List<object?> items = value switch
        {
            List<object?> list => list,
            string text => PythonText.Characters(text),
            JinjaDict dict => [.. dict.Keys],
            Undefined => [],
            _ => throw new JinjaValueException($"{Describe(value)} cannot be looped over"),
        };
        budget.Make(items.Count);
        return items;
    }

    internal static object Key(object? key) => key switch
    {
        string or long => key,
        bool flag => flag ? 1L : 0L,
        double number when number == Math.Floor(number) && Math.Abs(number) < 1e15 => (long)number,
        double => key,
        _ => throw new JinjaValueException($"{Describe(key)} cannot be a key"),
    };

    /// <summary><c>value[key]</c>.</summary>
    internal static object? Item(object? value, object? key) => Find(value, key, out object? found)
        ? found
        : key is string name && JinjaMethods.Find(value, name) is { } method ? method : Missing(value, key);

    /// <summary><c>value.name</c>.</summary>
    internal static object? Attribute(object? value, string name)
    {
        if (value is Undefined undefined)
            throw undefined.Fail();
        if (JinjaMethods.Find(value, name) is { } method)
            return method;
        return Find(value, name, out object? found) ? found : Missing(value, name);
    }

    internal static long? AsWhole(object? value) => value switch { long whole => whole, bool flag => flag ? 1 : 0, _ => null };

    internal static double? AsNumber(object? value) => value is double number ? number : AsWhole(value);

    internal static JinjaValueException? Unusable(object? value) => (value as Undefined)?.Fail();

    private static Undefined Missing(object? value, object? key) => new(key is string name
        ? $"'{name}' of {Describe(value)}"
        : $"an element of {Describe(value)}");

    private static bool Find(object? value, object? key, out object? found)
    {
        found = null;
        switch (value)
        {
            case Undefined undefined:
                throw undefined.Fail();
            case JinjaDict dict:
                return key is string or long or bool or double && dict.TryGetValue(Key(key), out found);
            case JinjaNamespace space:
                return key is string name && space.Fields.TryGetValue(name, out found);
            case List<object?> list when AsWhole(key) is { } index:
                long at = index < 0 ? index + list.Count : index;
                if (at < 0 || at >= list.Count)
                    return false;
                found = list[(int)at];
                return true;
            case string text when AsWhole(key) is { } index:
                return FindCharacter(text, index, out found);
            default:
                return false;
        }
    }

    private static bool FindCharacter(string text, long index, out object? found)
    {
        found = null;
        if (PythonText.HasPairs(text))
            return Find(PythonText.Characters(text), index, out found);
        long at = index < 0 ? index + text.Length : index;
        if (at < 0 || at >= text.Length)
            return false;
        found = text[(int)at].ToString();
        return true;
    }
}
