namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>An expression of a template.</summary>
internal abstract class Expression(int line)
{
    internal int Line => line;

    /// <exception cref="JinjaException">It cannot be evaluated.</exception>
    internal object? Evaluate(Scope scope)
    {
        try
        {
            scope.Budget.Step();
            return Compute(scope);
        }
        catch (JinjaValueException e)
        {
            throw new JinjaException(e.Message, line);
        }
    }

    internal bool IsTrue(Scope scope) => JinjaValue.Truth(Evaluate(scope));

    protected abstract object? Compute(Scope scope);
}

internal sealed class Literal(int line, object? value) : Expression(line)
{
    protected override object? Compute(Scope scope) => value;
}

internal sealed class NameExpression(int line, string name) : Expression(line)
{
    internal string Name => name;

    protected override object? Compute(Scope scope) => scope.Find(name);
}

internal sealed class ListExpression(int line, IReadOnlyList<Expression> items, bool tuple) : Expression(line)
{
    protected override object? Compute(Scope scope)
    {
        IEnumerable<object?> values = items.Select(i => i.Evaluate(scope));
        return tuple ? new JinjaTuple(values) : values.ToList();
    }
}

internal sealed class DictExpression(int line, IReadOnlyList<(Expression Key, Expression Value)> items) : Expression(line)
{
    protected override object? Compute(Scope scope)
    {
        var dict = new JinjaDict();
        foreach ((Expression key, Expression value) in items)
            dict[JinjaValue.Key(key.Evaluate(scope))] = value.Evaluate(scope);
        return dict;
    }
}

internal sealed class Conditional(int line, Expression test, Expression then, Expression? otherwise) : Expression(line)
{
    protected override object? Compute(Scope scope) =>
        test.IsTrue(scope) ? then.Evaluate(scope) : otherwise is null ? new Undefined("an 'if' without 'else'") : otherwise.Evaluate(scope);
}

/// <summary><c>and</c>, <c>or</c>: the value that decides.</summary>
internal sealed class Logical(int line, bool and, Expression left, Expression right) : Expression(line)
{
    protected override object? Compute(Scope scope)
    {
        object? value = left.Evaluate(scope);
        return JinjaValue.Truth(value) == and ? right.Evaluate(scope) : value;
    }
}

internal sealed class Not(int line, Expression inner) : Expression(line)
{
    protected override object? Compute(Scope scope) => !inner.IsTrue(scope);
}

internal sealed class Sign(int line, bool negative, Expression inner) : Expression(line)
{
    protected override object? Compute(Scope scope)
    {
        object? value = inner.Evaluate(scope);
        return negative ? JinjaArithmetic.Negate(value) : JinjaArithmetic.Negate(JinjaArithmetic.Negate(value));
    }
}

/// <summary><c>a &lt; b &lt;= c</c>.</summary>
internal sealed class Comparison(int line, Expression first, IReadOnlyList<(string Op, Expression Right)> rest) : Expression(line)
{
    protected override object? Compute(Scope scope)
    {
        object? left = first.Evaluate(scope);
        foreach ((string op, Expression expression) in rest)
        {
            object? right = expression.Evaluate(scope);
            if (!Holds(op, left, right, scope.Budget))
                return false;
            left = right;
        }
        return true;
    }

    internal static bool Holds(string op, object? left, object? right, RenderBudget budget) => op switch
    {
        "==" => JinjaValue.AreEqual(left, right, budget),
        "!=" => !JinjaValue.AreEqual(left, right, budget),
        "in" => JinjaValue.Contains(right, left, budget),
        "not in" => !JinjaValue.Contains(right, left, budget),
        "<" => JinjaValue.Compare(left, right, budget) < 0,
        "<=" => JinjaValue.Compare(left, right, budget) <= 0,
        ">" => JinjaValue.Compare(left, right, budget) > 0,
        _ => JinjaValue.Compare(left, right, budget) >= 0,
    };
}

internal sealed class Arithmetic(int line, string op, Expression left, Expression right) : Expression(line)
{
    protected override object? Compute(Scope scope) =>
        JinjaArithmetic.Apply(op, left.Evaluate(scope), right.Evaluate(scope), scope.Budget);
}

/// <summary><c>a ~ b</c>: as texts.</summary>
internal sealed class Concatenation(int line, IReadOnlyList<Expression> parts) : Expression(line)
{
    protected override object? Compute(Scope scope)
    {
        string[] texts = [.. parts.Select(p => PythonText.Str(p.Evaluate(scope), scope.Budget))];
        scope.Budget.Make(texts.Sum(t => (long)t.Length));
        return string.Concat(texts);
    }
}

internal sealed class AttributeAccess(int line, Expression target, string name) : Expression(line)
{
    protected override object? Compute(Scope scope) => JinjaValue.Attribute(target.Evaluate(scope), name);
}

internal sealed class ItemAccess(int line, Expression target, Expression key) : Expression(line)
{
    protected override object? Compute(Scope scope) => JinjaValue.Item(target.Evaluate(scope), key.Evaluate(scope));
}

internal sealed class SliceAccess(int line, Expression target, Expression? start, Expression? stop, Expression? step) : Expression(line)
{
    protected override object? Compute(Scope scope) =>
        JinjaArithmetic.Slice(target.Evaluate(scope), Bound(start, scope), Bound(stop, scope), Bound(step, scope), scope.Budget);

    private static long? Bound(Expression? bound, Scope scope) => bound?.Evaluate(scope) switch
    {
        null => null,
        object value => JinjaValue.AsWhole(value) ?? throw new JinjaValueException($"a slice is bounded by {JinjaValue.Describe(value)}, expected whole numbers"),
    };
}
