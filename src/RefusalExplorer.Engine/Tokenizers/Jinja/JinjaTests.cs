namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>What may follow <c>is</c> (jinja2 <c>tests.py</c>).</summary>
internal static class JinjaTests
{
    private static readonly Dictionary<string, JinjaFunction> Tests = new(StringComparer.Ordinal)
    {
        ["defined"] = a => a.Positional[0] is not Undefined,
        ["undefined"] = a => a.Positional[0] is Undefined,
        ["none"] = a => a.Positional[0] is null,
        ["true"] = a => a.Positional[0] is true,
        ["false"] = a => a.Positional[0] is false,
        ["boolean"] = a => a.Positional[0] is bool,
        ["integer"] = a => a.Positional[0] is long,
        ["float"] = a => a.Positional[0] is double,
        ["number"] = a => a.Positional[0] is bool or long or double,
        ["string"] = a => a.Positional[0] is string,
        ["mapping"] = a => a.Positional[0] is JinjaDict,
        ["sequence"] = a => a.Positional[0] is string or List<object?> or JinjaDict,
        ["iterable"] = a => a.Positional[0] is string or List<object?> or JinjaDict or Undefined,
        ["callable"] = a => a.Positional[0] is JinjaFunction,
        ["odd"] = a => Whole(a) % 2 != 0,
        ["even"] = a => Whole(a) % 2 == 0,
        ["divisibleby"] = a => a.Whole(1, "num", 0) is var by && by != 0
            ? Whole(a) % by == 0
            : throw new JinjaValueException("'divisibleby' needs a number that is not 0"),
        ["lower"] = a => Str(a) is var text && text.Any(char.IsLower) && !text.Any(char.IsUpper),
        ["upper"] = a => Str(a) is var text && text.Any(char.IsUpper) && !text.Any(char.IsLower),
        ["sameas"] = a => Same(a.Positional[0], a.Require(1, "other")),
        ["filter"] = a => a.Positional[0] is string name && JinjaFilters.Find(name) is not null,
        ["test"] = a => a.Positional[0] is string name && Find(name) is not null,
        ["escaped"] = _ => false,
        ["in"] = Compared("in"),
        ["=="] = Compared("=="),
        ["eq"] = Compared("=="),
        ["equalto"] = Compared("=="),
        ["ne"] = Compared("!="),
        ["!="] = Compared("!="),
        ["lt"] = Compared("<"),
        ["lessthan"] = Compared("<"),
        ["<"] = Compared("<"),
        ["le"] = Compared("<="),
        ["<="] = Compared("<="),
        ["gt"] = Compared(">"),
        ["greaterthan"] = Compared(">"),
        [">"] = Compared(">"),
        ["ge"] = Compared(">="),
        [">="] = Compared(">="),
    };

    internal static JinjaFunction? Find(string name) => Tests.GetValueOrDefault(name);

    private static JinjaFunction Compared(string op) =>
        a => Comparison.Holds(op, a.Positional[0], a.Require(1, "other"), a.State.Budget);

    private static bool Same(object? left, object? right) => (left, right) switch
    {
        (null, null) => true,
        (bool x, bool y) => x == y,
        (long x, long y) => x == y,
        (string x, string y) => x == y,
        _ => ReferenceEquals(left, right),
    };

    private static long Whole(CallArguments a) => JinjaValue.AsWhole(a.Positional[0])
        ?? throw JinjaValue.Unusable(a.Positional[0]) ?? new JinjaValueException($"{JinjaValue.Describe(a.Positional[0])}, expected a whole number");

    private static string Str(CallArguments a) => PythonText.Str(a.Positional[0], a.State.Budget);
}
