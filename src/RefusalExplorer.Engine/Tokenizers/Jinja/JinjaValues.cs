namespace RefusalExplorer.Engine.Tokenizers.Jinja;

// A template's values: null (none), bool, long, double, string, List<object?>, JinjaTuple, JinjaDict, JinjaNamespace, JinjaFunction, Undefined.

/// <summary>A dictionary that keeps its order.</summary>
internal sealed class JinjaDict : OrderedDictionary<object, object?>;

/// <summary>A tuple; a list that prints with parentheses.</summary>
internal sealed class JinjaTuple : List<object?>
{
    internal JinjaTuple(IEnumerable<object?> items)
        : base(items)
    {
    }
}

/// <summary>What <c>namespace()</c> makes: the one object whose fields a template may set.</summary>
internal sealed class JinjaNamespace
{
    internal Dictionary<string, object?> Fields { get; } = new(StringComparer.Ordinal);
}

/// <summary>A name or field that is not there. It prints as nothing; most other uses fail.</summary>
internal sealed class Undefined(string what)
{
    internal string What { get; } = what;

    internal JinjaValueException Fail() => new($"{What} is undefined");
}

/// <summary>What a call gives.</summary>
/// <param name="State">The rendering.</param>
/// <param name="Positional">Values by place.</param>
/// <param name="Named">Values by name.</param>
internal sealed record CallArguments(RenderState State, List<object?> Positional, Dictionary<string, object?> Named)
{
    /// <summary>The value at a place or of a name.</summary>
    internal bool TryGet(int place, string name, out object? value)
    {
        if (place < Positional.Count)
        {
            value = Positional[place];
            return true;
        }
        return Named.TryGetValue(name, out value);
    }

    internal object? Get(int place, string name, object? otherwise = null) => TryGet(place, name, out object? value) ? value : otherwise;

    internal object? Require(int place, string name) =>
        TryGet(place, name, out object? value) ? value : throw new JinjaValueException($"an argument '{name}' is missing");

    internal string Text(int place, string name) => Require(place, name) as string
        ?? throw new JinjaValueException($"the argument '{name}' is {JinjaValue.Describe(Get(place, name))}, expected a text");

    internal int Whole(int place, string name, int otherwise) => Get(place, name) switch
    {
        null => otherwise,
        long value => (int)Math.Clamp(value, int.MinValue, int.MaxValue),
        bool flag => flag ? 1 : 0,
        object other => throw new JinjaValueException($"the argument '{name}' is {JinjaValue.Describe(other)}, expected a whole number"),
    };
}

/// <summary>Something a template can call.</summary>
internal delegate object? JinjaFunction(CallArguments arguments);
