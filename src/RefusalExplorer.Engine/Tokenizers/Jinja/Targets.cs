namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>What a value is assigned to.</summary>
internal abstract class Target
{
    /// <returns>Always true, so that it can stand in an expression.</returns>
    /// <exception cref="JinjaValueException">The value does not fit.</exception>
    internal abstract bool Assign(Scope scope, object? value);
}

internal sealed class NameTarget(string name) : Target
{
    internal override bool Assign(Scope scope, object? value)
    {
        scope.Set(name, value);
        return true;
    }
}

/// <summary><c>ns.field</c>.</summary>
internal sealed class NamespaceTarget(string name, string field) : Target
{
    internal override bool Assign(Scope scope, object? value)
    {
        if (scope.Find(name) is not JinjaNamespace space)
            throw new JinjaValueException($"'{name}.{field}' cannot be set: only a namespace's fields can");
        space.Fields[field] = value;
        return true;
    }
}

internal sealed class TupleTarget(IReadOnlyList<Target> targets) : Target
{
    internal override bool Assign(Scope scope, object? value)
    {
        List<object?> items = JinjaValue.Items(value, scope.Budget);
        if (items.Count != targets.Count)
            throw new JinjaValueException($"{items.Count} values for {targets.Count} names");
        for (int i = 0; i < items.Count; i++)
            targets[i].Assign(scope, items[i]);
        return true;
    }
}
