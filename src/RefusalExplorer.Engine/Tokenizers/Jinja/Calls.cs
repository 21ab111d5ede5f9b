namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>The arguments as a call, filter or test has them written.</summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named, Expression? Star = null, Expression? DoubleStar = null)
{
    internal static ArgumentList Empty { get; } = new([], []);

    internal CallArguments Evaluate(Scope scope, IEnumerable<object?> first)
    {
        List<object?> positional = [.. first, .. Positional.Select(p => p.Evaluate(scope))];
        if (Star is not null)
            positional.AddRange(JinjaValue.Items(Star.Evaluate(scope), scope.Budget));
        var named = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach ((string name, Expression value) in Named)
            named[name] = value.Evaluate(scope);
        if (DoubleStar?.Evaluate(scope) is JinjaDict dict)
        {
            foreach ((object key, object? value) in dict)
                named[key.ToString()!] = value;
        }
        return new CallArguments(scope.State, positional, named);
    }
}

internal sealed class Call(int line, Expression target, ArgumentList arguments) : Expression(line)
{

    internal object? Invoke(Scope scope, JinjaFunction? caller)
    {
        object? function = target.Evaluate(scope);
        if (function is not JinjaFunction call)
            throw JinjaValue.Unusable(function) ?? new JinjaValueException($"{JinjaValue.Describe(function)} cannot be called");
        CallArguments given = arguments.Evaluate(scope, []);
        if (caller is not null)
            given.Named["caller"] = caller;
        return call(given);
    }

    protected override object? Compute(Scope scope) => Invoke(scope, null);
}

internal sealed class FilterCall(int line, Expression? target, string name, ArgumentList arguments) : Expression(line)
{
    /// <summary>Applies the filter to a block's text (<c>{% filter %}</c>, <c>{% set x | f %}</c>).</summary>
    internal object? Apply(Scope scope, object? value)
    {
        try
        {
            JinjaFunction filter = JinjaFilters.Find(name) ?? throw new JinjaValueException("there is no such filter");
            return filter(arguments.Evaluate(scope, [value]));
        }
        catch (JinjaValueException e)
        {
            throw new JinjaException($"filter '{name}': {e.Message}", Line);
        }
    }

    /// <summary>What is applied first; null at a block.</summary>
    internal Expression? Target => target;

    protected override object? Compute(Scope scope) => Apply(scope, target!.Evaluate(scope));
}

internal sealed class TestCall(int line, Expression target, string name, ArgumentList arguments, bool negated) : Expression(line)
{
    protected override object? Compute(Scope scope)
    {
        JinjaFunction test = JinjaTests.Find(name) ?? throw new JinjaValueException($"there is no test '{name}'");
        return JinjaValue.Truth(test(arguments.Evaluate(scope, [target.Evaluate(scope)]))) != negated;
    }
}
