namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>One rendering: its budget and what its templates can call.</summary>
internal sealed class RenderState
{
    internal RenderBudget Budget { get; } = new();

    /// <summary>How many calls of macros are open.</summary>
    internal int CallDepth { get; set; }
}

/// <summary>Names in force at a place of the template.</summary>
internal sealed class Scope(RenderState state, Scope? parent)
{
    private readonly Dictionary<string, object?> _names = new(StringComparer.Ordinal);

    internal RenderState State => state;

    internal RenderBudget Budget => state.Budget;

    internal void Set(string name, object? value) => _names[name] = value;

    internal object? Find(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._names.TryGetValue(name, out object? value))
                return value;
        }
        return JinjaGlobals.Find(name) ?? (object)new Undefined($"'{name}'");
    }

    private Scope? Outer => parent;
}
