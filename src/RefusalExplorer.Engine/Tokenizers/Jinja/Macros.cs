using System.Text;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>A macro's or call block's parameter.</summary>
internal sealed record Parameter(string Name, Expression? Default);

/// <summary><c>{% macro name(a, b=1) %}…{% endmacro %}</c>.</summary>
internal sealed class Macro(int line, string name, IReadOnlyList<Parameter> parameters, Statement body) : Statement(line)
{
    private const int MaxCallDepth = 100;

    internal override Flow Run(Scope scope, StringBuilder output)
    {
        scope.Set(name, Bind(name, parameters, body, scope));
        return Flow.Next;
    }

    /// <summary>A function that prints a body with its arguments as names, and gives the text.</summary>
    internal static JinjaFunction Bind(string name, IReadOnlyList<Parameter> parameters, Statement body, Scope scope) => arguments =>
    {
        if (scope.State.CallDepth >= MaxCallDepth)
            throw new JinjaValueException($"macro '{name}' calls itself more than {MaxCallDepth} times");
        scope.State.CallDepth++;
        try
        {
            var inner = new Scope(scope.State, scope);
            for (int i = 0; i < parameters.Count; i++)
            {
                Parameter parameter = parameters[i];
                inner.Set(parameter.Name, arguments.TryGet(i, parameter.Name, out object? value)
                    ? value
                    : parameter.Default is { } otherwise ? otherwise.Evaluate(inner) : new Undefined($"the argument '{parameter.Name}' of '{name}'"));
            }
            inner.Set("varargs", new JinjaTuple(arguments.Positional.Skip(parameters.Count)));
            var rest = new JinjaDict();
            foreach ((string key, object? value) in arguments.Named)
            {
                if (key == "caller")
                    inner.Set(key, value);
                else if (parameters.All(p => p.Name != key))
                    rest[key] = value;
            }
            inner.Set("kwargs", rest);
            var text = new StringBuilder();
            body.Run(inner, text);
            return text.ToString();
        }
        finally
        {
            scope.State.CallDepth--;
        }
    };
}

/// <summary><c>{% call(args) macro() %}…{% endcall %}</c>.</summary>
internal sealed class CallBlock(int line, Call call, IReadOnlyList<Parameter> parameters, Statement body) : Statement(line)
{
    internal override Flow Run(Scope scope, StringBuilder output)
    {
        object? value = At(() => call.Invoke(scope, Macro.Bind("caller", parameters, body, scope)));
        output.Append(At(() => PythonText.Str(value, scope.Budget)));
        return Flow.Next;
    }
}
