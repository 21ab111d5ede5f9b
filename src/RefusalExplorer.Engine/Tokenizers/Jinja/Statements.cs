using System.Text;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>How a statement ends: with the next one, or by leaving or going on with the loop around it.</summary>
internal enum Flow
{
    Next,
    Break,
    Continue,
}

/// <summary>A part of a template that prints or does something.</summary>
internal abstract class Statement(int line)
{
    internal int Line => line;

    internal abstract Flow Run(Scope scope, StringBuilder output);

    /// <summary>Runs a failing step under this statement's line.</summary>
    protected T At<T>(Func<T> step)
    {
        try
        {
            return step();
        }
        catch (JinjaValueException e)
        {
            throw new JinjaException(e.Message, line);
        }
    }

    protected static string Capture(Statement body, Scope scope)
    {
        var text = new StringBuilder();
        body.Run(scope, text);
        return text.ToString();
    }
}

internal sealed class Body(int line, IReadOnlyList<Statement> statements) : Statement(line)
{
    internal override Flow Run(Scope scope, StringBuilder output)
    {
        At(() =>
        {
            scope.Budget.Step();
            return true;
        });
        foreach (Statement statement in statements)
        {
            if (statement.Run(scope, output) is var flow and not Flow.Next)
                return flow;
        }
        return Flow.Next;
    }
}

internal sealed class PlainText(int line, string text) : Statement(line)
{
    internal override Flow Run(Scope scope, StringBuilder output)
    {
        At(() =>
        {
            scope.Budget.Make(text.Length);
            return true;
        });
        output.Append(text);
        return Flow.Next;
    }
}

internal sealed class Print(int line, Expression expression) : Statement(line)
{
    internal override Flow Run(Scope scope, StringBuilder output)
    {
        object? value = expression.Evaluate(scope);
        output.Append(At(() =>
        {
            string text = PythonText.Str(value, scope.Budget);
            scope.Budget.Make(text.Length);
            return text;
        }));
        return Flow.Next;
    }
}

internal sealed class If(int line, IReadOnlyList<(Expression Test, Statement Body)> branches, Statement? otherwise) : Statement(line)
{
    internal override Flow Run(Scope scope, StringBuilder output)
    {
        foreach ((Expression test, Statement body) in branches)
        {
            if (test.IsTrue(scope))
                return body.Run(scope, output);
        }
        return otherwise?.Run(scope, output) ?? Flow.Next;
    }
}

/// <summary><c>break</c> or <c>continue</c>.</summary>
internal sealed class Jump(int line, Flow flow) : Statement(line)
{
    internal override Flow Run(Scope scope, StringBuilder output) => flow;
}

/// <summary><c>{% with %}</c>: names for a part of the template.</summary>
internal sealed class With(int line, IReadOnlyList<(Target Target, Expression Value)> names, Statement body) : Statement(line)
{
    internal override Flow Run(Scope scope, StringBuilder output)
    {
        var inner = new Scope(scope.State, scope);
        foreach ((Target target, Expression value) in names)
        {
            object? result = value.Evaluate(scope);
            At(() => target.Assign(inner, result));
        }
        return body.Run(inner, output);
    }
}

internal sealed class Set(int line, Target target, Expression value) : Statement(line)
{
    internal override Flow Run(Scope scope, StringBuilder output)
    {
        object? result = value.Evaluate(scope);
        At(() => target.Assign(scope, result));
        return Flow.Next;
    }
}

/// <summary><c>{% set x %}…{% endset %}</c>.</summary>
internal sealed class SetBlock(int line, Target target, IReadOnlyList<FilterCall> filters, Statement body) : Statement(line)
{
    internal override Flow Run(Scope scope, StringBuilder output)
    {
        object? value = Capture(body, new Scope(scope.State, scope));
        foreach (FilterCall filter in filters)
            value = filter.Apply(scope, value);
        At(() => target.Assign(scope, value));
        return Flow.Next;
    }
}

internal sealed class FilterBlock(int line, IReadOnlyList<FilterCall> filters, Statement body) : Statement(line)
{
    internal override Flow Run(Scope scope, StringBuilder output)
    {
        object? value = Capture(body, new Scope(scope.State, scope));
        foreach (FilterCall filter in filters)
            value = filter.Apply(scope, value);
        output.Append(At(() => PythonText.Str(value, scope.Budget)));
        return Flow.Next;
    }
}
