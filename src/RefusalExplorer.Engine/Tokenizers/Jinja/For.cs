using System.Text;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary><c>{% for target in items if filter %}…{% else %}…{% endfor %}</c>.</summary>
internal sealed class For(int line, Target target, Expression items, Expression? filter, bool recursive, Statement body, Statement? otherwise)
    : Statement(line)
{
    internal override Flow Run(Scope scope, StringBuilder output)
    {
        object? value = items.Evaluate(scope);
        Loop(scope, value, 0, output);
        return Flow.Next;
    }

    private void Loop(Scope scope, object? value, int depth, StringBuilder output)
    {
        List<object?> list = At(() => Filtered(scope, JinjaValue.Items(value, scope.Budget)));
        if (list.Count == 0)
        {
            otherwise?.Run(new Scope(scope.State, scope), output);
            return;
        }
        var loop = new LoopState(list, depth);
        if (recursive)
            loop.Fields["recurse"] = (JinjaFunction)(arguments => Recurse(scope, arguments, depth + 1));
        for (int i = 0; i < list.Count; i++)
        {
            var inner = new Scope(scope.State, scope);
            int at = i;
            At(() => target.Assign(inner, list[at]));
            inner.Set("loop", loop.At(i));
            if (body.Run(inner, output) == Flow.Break)
                return;
        }
    }

    private string Recurse(Scope scope, CallArguments arguments, int depth)
    {
        scope.Budget.Step(depth);
        var output = new StringBuilder();
        Loop(scope, arguments.Require(0, "iterable"), depth, output);
        return output.ToString();
    }

    private List<object?> Filtered(Scope scope, List<object?> list)
    {
        if (filter is null)
            return list;
        var kept = new List<object?>();
        foreach (object? item in list)
        {
            var inner = new Scope(scope.State, scope);
            target.Assign(inner, item);
            if (filter.IsTrue(inner))
                kept.Add(item);
        }
        return kept;
    }
}

/// <summary>The <c>loop</c> variable.</summary>
internal sealed class LoopState(List<object?> items, int depth)
{
    private object? _changed = new Undefined("nothing before");

    internal Dictionary<string, object?> Fields { get; } = new(StringComparer.Ordinal);

    internal JinjaNamespace At(int i)
    {
        var loop = new JinjaNamespace();
        foreach ((string name, object? value) in Fields)
            loop.Fields[name] = value;
        loop.Fields["index0"] = (long)i;
        loop.Fields["index"] = (long)i + 1;
        loop.Fields["revindex0"] = (long)items.Count - 1 - i;
        loop.Fields["revindex"] = (long)items.Count - i;
        loop.Fields["first"] = i == 0;
        loop.Fields["last"] = i == items.Count - 1;
        loop.Fields["length"] = (long)items.Count;
        loop.Fields["depth0"] = (long)depth;
        loop.Fields["depth"] = (long)depth + 1;
        loop.Fields["previtem"] = i > 0 ? items[i - 1] : new Undefined("'previtem' of the first item");
        loop.Fields["nextitem"] = i < items.Count - 1 ? items[i + 1] : new Undefined("'nextitem' of the last item");
        loop.Fields["cycle"] = (JinjaFunction)(a => a.Positional.Count > 0
            ? a.Positional[i % a.Positional.Count]
            : throw new JinjaValueException("'loop.cycle' needs values"));
        loop.Fields["changed"] = (JinjaFunction)(a => Changed(new JinjaTuple(a.Positional), a.State.Budget));
        return loop;
    }

    private bool Changed(JinjaTuple value, RenderBudget budget)
    {
        bool changed = !JinjaValue.AreEqual(_changed, value, budget);
        _changed = value;
        return changed;
    }
}
