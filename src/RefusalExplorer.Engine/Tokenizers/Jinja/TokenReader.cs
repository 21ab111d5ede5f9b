using System.Runtime.CompilerServices;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>A template's tokens, one after another.</summary>
internal sealed class TokenReader(List<JinjaToken> tokens)
{
    private const int MaxDepth = 200;
    private int _at;
    private int _depth;

    internal JinjaToken Current => tokens[_at];

    internal JinjaToken Ahead => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    internal int Line => Current.Line;

    internal JinjaToken Take()
    {
        JinjaToken token = Current;
        if (_at < tokens.Count - 1)
            _at++;
        return token;
    }

    internal bool Skip(string op)
    {
        bool found = Current.Is(op);
        if (found)
            Take();
        return found;
    }

    internal bool SkipName(string name)
    {
        bool found = Current.IsName(name);
        if (found)
            Take();
        return found;
    }

    internal void Expect(string op)
    {
        if (!Skip(op))
            throw Unexpected($"'{op}'");
    }

    internal void ExpectName(string name)
    {
        if (!SkipName(name))
            throw Unexpected($"'{name}'");
    }

    internal string Name() => Current.Kind == JinjaTokenKind.Name ? Take().Text : throw Unexpected("a name");

    internal void Expect(JinjaTokenKind kind)
    {
        if (Current.Kind != kind)
            throw Unexpected(kind == JinjaTokenKind.BlockEnd ? "'%}'" : "'}}'");
        Take();
    }

    internal JinjaException Unexpected(string expected) => new($"{Current}, expected {expected}", Line);

    /// <summary>Parses something nested; too deep a nesting is refused before the stack ends.</summary>
    internal T Nested<T>(Func<T> parse)
    {
        if (++_depth > MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new JinjaException("nested too deeply", Line);
        T parsed = parse();
        _depth--;
        return parsed;
    }
}
