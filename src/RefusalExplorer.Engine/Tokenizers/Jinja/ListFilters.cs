using System.Globalization;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>Filters that take or give lists.</summary>
internal static class ListFilters
{
    private static readonly Dictionary<string, JinjaFunction> Filters = new(StringComparer.Ordinal)
    {
        ["list"] = a => Items(a).ToList(),
        ["first"] = a => Items(a) is [var first, ..] ? first : new Undefined("the first item of an empty list"),
        ["last"] = a => Items(a) is [.., var last] ? last : new Undefined("the last item of an empty list"),
        ["items"] = a => a.Positional[0] switch
        {
            JinjaDict dict => dict.Select(object? (p) => new JinjaTuple([p.Key, p.Value])).ToList(),
            Undefined => new List<object?>(),
            var other => throw new JinjaValueException($"{JinjaValue.Describe(other)}, expected a mapping"),
        },
        ["dictsort"] = DictSort,
        ["reverse"] = a => a.Positional[0] is string ? string.Concat(Enumerable.Reverse(Items(a))) : Enumerable.Reverse(Items(a)).ToList(),
        ["sort"] = Sort,
        ["unique"] = Unique,
        ["min"] = a => Extreme(a, -1),
        ["max"] = a => Extreme(a, 1),
        ["sum"] = Sum,
        ["map"] = Map,
        ["select"] = a => Select(a, attribute: false, keep: true),
        ["reject"] = a => Select(a, attribute: false, keep: false),
        ["selectattr"] = a => Select(a, attribute: true, keep: true),
        ["rejectattr"] = a => Select(a, attribute: true, keep: false),
        ["batch"] = Batch,
        ["groupby"] = GroupBy,
    };

    internal static JinjaFunction? Find(string name) => Filters.GetValueOrDefault(name);

    /// <summary>The value at a dotted path; digits are places.</summary>
    internal static object? Path(object? value, string path) => path.Split('.').Aggregate(
        value, (v, part) => JinjaValue.Item(v, long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long place) ? place : part));

    private static List<object?> Items(CallArguments a) => JinjaValue.Items(a.Positional[0], a.State.Budget);

    private static List<object?> Map(CallArguments a)
    {
        if (a.Named.GetValueOrDefault("attribute") is { } attribute)
        {
            string path = PythonText.Str(attribute, a.State.Budget);
            bool hasDefault = a.Named.TryGetValue("default", out object? otherwise);
            return [.. Items(a).Select(i => Path(i, path) is var found && found is Undefined && hasDefault ? otherwise : found)];
        }
        string name = a.Text(1, "filter");
        JinjaFunction filter = JinjaFilters.Find(name) ?? throw new JinjaValueException($"there is no filter '{name}'");
        return [.. Items(a).Select(i => filter(new CallArguments(a.State, [i, .. a.Positional.Skip(2)], a.Named)))];
    }

    private static List<object?> Select(CallArguments a, bool attribute, bool keep)
    {
        int place = attribute ? 2 : 1;
        string? path = attribute ? PythonText.Str(a.Require(1, "attribute"), a.State.Budget) : null;
        JinjaFunction? test = null;
        if (place < a.Positional.Count)
            test = JinjaTests.Find(a.Text(place, "test")) ?? throw new JinjaValueException($"there is no test '{a.Text(place, "test")}'");
        return [.. Items(a).Where(item =>
        {
            object? value = path is null ? item : Path(item, path);
            object? holds = test is null ? value : test(new CallArguments(a.State, [value, .. a.Positional.Skip(place + 1)], a.Named));
            return JinjaValue.Truth(holds) == keep;
        })];
    }

    private static List<object?> Sort(CallArguments a)
    {
        Func<object?, object?> key = KeyOf(a, 3);
        bool reverse = JinjaValue.Truth(a.Get(1, "reverse", false));
        return Ordered(Items(a), key, reverse, a.State.Budget);
    }

    private static List<object?> DictSort(CallArguments a)
    {
        if (a.Positional[0] is not JinjaDict dict)
            throw new JinjaValueException($"{JinjaValue.Describe(a.Positional[0])}, expected a mapping");
        bool byValue = a.Get(2, "by", "key") is "value";
        bool cased = JinjaValue.Truth(a.Get(1, "case_sensitive", false));
        List<object?> pairs = [.. dict.Select(object? (p) => new JinjaTuple([p.Key, p.Value]))];
        return Ordered(pairs, p => Fold(((JinjaTuple)p!)[byValue ? 1 : 0], cased), JinjaValue.Truth(a.Get(3, "reverse", false)), a.State.Budget);
    }

    private static List<object?> Unique(CallArguments a)
    {
        Func<object?, object?> key = KeyOf(a, 2);
        var kept = new List<object?>();
        var keys = new List<object?>();
        foreach (object? item in Items(a))
        {
            object? k = key(item);
            if (keys.Any(other => JinjaValue.AreEqual(other, k, a.State.Budget)))
                continue;
            keys.Add(k);
            kept.Add(item);
        }
        return kept;
    }

    private static object? Extreme(CallArguments a, int sign)
    {
        Func<object?, object?> key = KeyOf(a, 2);
        List<object?> items = Items(a);
        if (items.Count == 0)
            return new Undefined("the extreme of an empty list");
        return items.Aggregate((best, item) => JinjaValue.Compare(key(item), key(best), a.State.Budget) * sign > 0 ? item : best);
    }

    private static object? Sum(CallArguments a)
    {
        string? path = a.Get(1, "attribute") as string;
        return Items(a).Aggregate(
            a.Get(2, "start", 0L), (sum, item) => JinjaArithmetic.Apply("+", sum, path is null ? item : Path(item, path), a.State.Budget));
    }

    private static List<object?> Batch(CallArguments a)
    {
        int size = a.Whole(1, "linecount", 0);
        if (size < 1)
            throw new JinjaValueException("'batch' needs a size above 0");
        bool fills = a.TryGet(2, "fill_with", out object? fill) && fill is not null;
        RenderBudget.Check(size);
        var batches = new List<object?>();
        foreach (object?[] part in Items(a).Chunk(size))
            batches.Add(fills ? [.. part, .. Enumerable.Repeat(fill, size - part.Length)] : part.ToList());
        return batches;
    }

    private static List<object?> GroupBy(CallArguments a)
    {
        string path = PythonText.Str(a.Require(1, "attribute"), a.State.Budget);
        var groups = new List<object?>();
        foreach (object? item in Ordered(Items(a), i => Fold(Path(i, path), false), false, a.State.Budget))
        {
            object? key = Path(item, path);
            if (groups.Count > 0 && JinjaValue.AreEqual(Fold(((JinjaTuple)groups[^1]!)[0], false), Fold(key, false), a.State.Budget))
                ((List<object?>)((JinjaTuple)groups[^1]!)[1]!).Add(item);
            else
                groups.Add(new JinjaTuple([key, new List<object?> { item }]));
        }
        return groups;
    }

    private static Func<object?, object?> KeyOf(CallArguments a, int attributePlace)
    {
        bool cased = JinjaValue.Truth(a.Get(attributePlace - 1, "case_sensitive", false));
        string? path = a.Get(attributePlace, "attribute") as string;
        return item => Fold(path is null ? item : Path(item, path), cased);
    }

    private static object? Fold(object? value, bool cased) => value is string text && !cased ? text.ToLowerInvariant() : value;

    private static List<object?> Ordered(List<object?> items, Func<object?, object?> key, bool reverse, RenderBudget budget)
    {
        Comparer<object?> order = Comparer<object?>.Create((x, y) => JinjaValue.Compare(x, y, budget));
        try
        {
            // Both ways are stable, as Python's sort is.
            return reverse ? [.. items.OrderByDescending(key, order)] : [.. items.OrderBy(key, order)];
        }
        catch (InvalidOperationException e) when (e.InnerException is JinjaValueException inner)
        {
            throw new JinjaValueException(inner.Message);
        }
    }
}
