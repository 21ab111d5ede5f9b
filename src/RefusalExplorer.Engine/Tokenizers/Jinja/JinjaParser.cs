namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>Reads a template's statements.</summary>
internal sealed class JinjaParser
{
    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;

    internal JinjaParser(List<JinjaToken> tokens)
    {
        _tokens = new TokenReader(tokens);
        _expressions = new ExpressionParser(_tokens);
    }

    internal Statement Template()
    {
        Statement body = ReadBody();
        if (_tokens.Current.Kind == JinjaTokenKind.End)
            return body;
        throw new JinjaException($"'{{% {_tokens.Ahead.Text} %}}' without its opening", _tokens.Line);
    }

    /// <summary>Statements up to one of the closing tags, whose name is then current, or to the end of the template.</summary>
    private Statement ReadBody(params string[] ends) => _tokens.Nested<Statement>(() =>
    {
        int line = _tokens.Line;
        var statements = new List<Statement>();
        while (_tokens.Current.Kind != JinjaTokenKind.End)
        {
            JinjaToken token = _tokens.Current;
            if (token.Kind == JinjaTokenKind.BlockBegin && _tokens.Ahead.Kind == JinjaTokenKind.Name && IsEnd(_tokens.Ahead.Text, ends))
            {
                if (ends.Contains(_tokens.Ahead.Text))
                    _tokens.Take();
                return new Body(line, statements);
            }
            _tokens.Take();
            if (token.Kind == JinjaTokenKind.Text)
            {
                statements.Add(new PlainText(token.Line, token.Text));
            }
            else if (token.Kind == JinjaTokenKind.VariableBegin)
            {
                statements.Add(new Print(token.Line, _expressions.Tuple()));
                _tokens.Expect(JinjaTokenKind.VariableEnd);
            }
            else
            {
                statements.Add(Tag());
            }
        }
        if (ends.Length > 0)
            throw new JinjaException($"the template ends before '{{% {ends[^1]} %}}'", line);
        return new Body(line, statements);
    });

    private static bool IsEnd(string name, string[] ends) =>
        ends.Contains(name) || name is "else" or "elif" || name.StartsWith("end", StringComparison.Ordinal);

    private Statement Tag()
    {
        int line = _tokens.Line;
        string name = _tokens.Name();
        Statement statement = name switch
        {
            "if" => ReadIf(line),
            "for" => ReadFor(line),
            "set" => ReadSet(line),
            "macro" => ReadMacro(line),
            "call" => ReadCall(line),
            "filter" => ReadFilter(line),
            "with" => ReadWith(line),
            "generation" => ReadGeneration(),
            "break" => new Jump(line, Flow.Break),
            "continue" => new Jump(line, Flow.Continue),
            _ => throw new JinjaException($"'{{% {name} %}}' is no tag of chat templates", line),
        };
        _tokens.Expect(JinjaTokenKind.BlockEnd);
        return statement;
    }

    // Every reader below leaves the closing '%}' to Tag.
    private Statement Enclosed(string end)
    {
        _tokens.Expect(JinjaTokenKind.BlockEnd);
        Statement body = ReadBody(end);
        _tokens.ExpectName(end);
        return body;
    }

    private If ReadIf(int line)
    {
        var branches = new List<(Expression, Statement)>();
        Statement? otherwise = null;
        do
        {
            Expression test = _expressions.Tuple(conditional: false);
            _tokens.Expect(JinjaTokenKind.BlockEnd);
            branches.Add((test, ReadBody("elif", "else", "endif")));
        }
        while (_tokens.SkipName("elif"));
        if (_tokens.SkipName("else"))
            otherwise = Enclosed("endif");
        else
            _tokens.ExpectName("endif");
        return new If(line, branches, otherwise);
    }

    private For ReadFor(int line)
    {
        Target target = ReadTarget(() => _tokens.Current.IsName("in"));
        _tokens.ExpectName("in");
        Expression items = _expressions.Tuple(conditional: false, () => _tokens.Current.IsName("recursive"));
        Expression? filter = _tokens.SkipName("if") ? _expressions.Any() : null;
        bool recursive = _tokens.SkipName("recursive");
        _tokens.Expect(JinjaTokenKind.BlockEnd);
        Statement body = ReadBody("else", "endfor");
        Statement? otherwise = null;
        if (_tokens.SkipName("else"))
            otherwise = Enclosed("endfor");
        else
            _tokens.ExpectName("endfor");
        return new For(line, target, items, filter, recursive, body, otherwise);
    }

    private Statement ReadSet(int line)
    {
        Target target = ReadTarget(() => _tokens.Current.Is("="));
        if (_tokens.Skip("="))
            return new Set(line, target, _expressions.Tuple());
        List<FilterCall> filters = ReadFilters();
        return new SetBlock(line, target, filters, Enclosed("endset"));
    }

    private Macro ReadMacro(int line)
    {
        string name = _tokens.Name();
        List<Parameter> parameters = ReadParameters();
        return new Macro(line, name, parameters, Enclosed("endmacro"));
    }

    private CallBlock ReadCall(int line)
    {
        List<Parameter> parameters = _tokens.Current.Is("(") ? ReadParameters() : [];
        Call call = _expressions.Unary() as Call ?? throw new JinjaException("'{% call %}' needs a call", line);
        return new CallBlock(line, call, parameters, Enclosed("endcall"));
    }

    private FilterBlock ReadFilter(int line)
    {
        List<FilterCall> filters = [_expressions.Filter(null), .. ReadFilters()];
        return new FilterBlock(line, filters, Enclosed("endfilter"));
    }

    private With ReadWith(int line)
    {
        var names = new List<(Target, Expression)>();
        while (_tokens.Current.Kind != JinjaTokenKind.BlockEnd)
        {
            Target target = ReadTarget(() => _tokens.Current.Is("="));
            _tokens.Expect("=");
            names.Add((target, _expressions.Any()));
            if (!_tokens.Skip(","))
                break;
        }
        return new With(line, names, Enclosed("endwith"));
    }

    // Marks what the assistant wrote, for training masks; it prints as it is.
    private Statement ReadGeneration() => Enclosed("endgeneration");

    private List<FilterCall> ReadFilters()
    {
        var filters = new List<FilterCall>();
        while (_tokens.Skip("|"))
            filters.Add(_expressions.Filter(null));
        return filters;
    }

    private List<Parameter> ReadParameters()
    {
        var parameters = new List<Parameter>();
        _tokens.Expect("(");
        while (!_tokens.Skip(")"))
        {
            string name = _tokens.Name();
            parameters.Add(new Parameter(name, _tokens.Skip("=") ? _expressions.Any() : null));
            if (!_tokens.Current.Is(")"))
                _tokens.Expect(",");
        }
        return parameters;
    }

    private Target ReadTarget(Func<bool> ends) => _tokens.Nested(() =>
    {
        var targets = new List<Target>();
        bool comma;
        do
        {
            targets.Add(ReadOneTarget());
            comma = _tokens.Skip(",");
        }
        while (comma && !ends());
        return targets.Count == 1 && !comma ? targets[0] : new TupleTarget(targets);
    });

    private Target ReadOneTarget()
    {
        if (_tokens.Skip("("))
        {
            Target inner = ReadTarget(() => _tokens.Current.Is(")"));
            _tokens.Expect(")");
            return inner;
        }
        string name = _tokens.Name();
        return _tokens.Skip(".") ? new NamespaceTarget(name, _tokens.Name()) : new NameTarget(name);
    }
}
