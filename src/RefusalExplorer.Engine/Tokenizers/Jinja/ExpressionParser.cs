using System.Globalization;
using System.Text;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>Reads expressions, with jinja2's order of operators (<c>parser.py</c>).</summary>
internal sealed class ExpressionParser(TokenReader tokens)
{
    /// <summary>An expression, or several with commas between as a tuple.</summary>
    internal Expression Tuple(bool conditional = true, Func<bool>? ends = null)
    {
        int line = tokens.Line;
        var items = new List<Expression>();
        bool comma = false;
        while (!AtEnd() && !(ends?.Invoke() ?? false))
        {
            items.Add(conditional ? Any() : Or());
            comma = tokens.Skip(",");
            if (!comma)
                break;
            if (items.Count > 1000)
                throw new JinjaException("a tuple of more than 1000 items", line);
        }
        if (items.Count == 0)
            throw tokens.Unexpected("an expression");
        return items.Count == 1 && !comma ? items[0] : new ListExpression(line, items, tuple: true);
    }

    internal Expression Any() => tokens.Nested(() =>
    {
        Expression expression = Or();
        while (tokens.Current.IsName("if"))
        {
            int line = tokens.Take().Line;
            Expression test = Or();
            Expression? otherwise = tokens.SkipName("else") ? Any() : null;
            expression = new Conditional(line, test, expression, otherwise);
        }
        return expression;
    });

    internal Expression Or()
    {
        Expression left = And();
        while (tokens.Current.IsName("or"))
            left = new Logical(tokens.Take().Line, and: false, left, And());
        return left;
    }

    /// <summary>One operand with all that is written behind it, as a filter or call block needs it.</summary>
    internal Expression Unary(bool filters = true) => tokens.Nested(() =>
    {
        int line = tokens.Line;
        Expression expression;
        if (tokens.Current.Is("-") || tokens.Current.Is("+"))
            expression = new Sign(line, tokens.Take().Is("-"), Unary(filters: false));
        else
            expression = Postfix(Primary());
        return filters ? Filters(expression) : expression;
    });

    /// <summary>The filters behind a block's opening, as of <c>{% set x | trim %}</c>.</summary>
    internal FilterCall Filter(Expression? target)
    {
        int line = tokens.Line;
        string name = DottedName();
        return new FilterCall(line, target, name, tokens.Current.Is("(") ? Arguments() : ArgumentList.Empty);
    }

    internal ArgumentList Arguments() => tokens.Nested(() =>
    {
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        Expression? star = null;
        Expression? doubleStar = null;
        tokens.Expect("(");
        while (!tokens.Skip(")"))
        {
            if (tokens.Skip("**"))
            {
                doubleStar = Any();
            }
            else if (tokens.Skip("*"))
            {
                star = Any();
            }
            else if (tokens.Current.Kind == JinjaTokenKind.Name && tokens.Ahead.Is("="))
            {
                string name = tokens.Name();
                tokens.Expect("=");
                named.Add((name, Any()));
            }
            else
            {
                positional.Add(Any());
            }
            if (!tokens.Current.Is(")"))
                tokens.Expect(",");
        }
        return new ArgumentList(positional, named, star, doubleStar);
    });

    private Expression And()
    {
        Expression left = Negation();
        while (tokens.Current.IsName("and"))
            left = new Logical(tokens.Take().Line, and: true, left, Negation());
        return left;
    }

    private Expression Negation()
    {
        if (!tokens.Current.IsName("not"))
            return Compared();
        return tokens.Nested<Expression>(() => new Not(tokens.Take().Line, Negation()));
    }

    private Expression Compared()
    {
        int line = tokens.Line;
        Expression first = Sum();
        var rest = new List<(string, Expression)>();
        while (ComparisonOperator() is { } op)
            rest.Add((op, Sum()));
        return rest.Count == 0 ? first : new Comparison(line, first, rest);
    }

    private string? ComparisonOperator()
    {
        if (tokens.Current is { Kind: JinjaTokenKind.Operator, Text: "==" or "!=" or "<" or "<=" or ">" or ">=" })
            return tokens.Take().Text;
        if (tokens.SkipName("in"))
            return "in";
        if (!tokens.Current.IsName("not") || !tokens.Ahead.IsName("in"))
            return null;
        tokens.Take();
        tokens.Take();
        return "not in";
    }

    private Expression Sum() => Chain(Joined, "+", "-");

    private Expression Joined()
    {
        int line = tokens.Line;
        Expression first = Product();
        if (!tokens.Current.Is("~"))
            return first;
        List<Expression> parts = [first];
        while (tokens.Skip("~"))
            parts.Add(Product());
        return new Concatenation(line, parts);
    }

    private Expression Product() => Chain(Power, "*", "/", "//", "%");

    private Expression Power() => Chain(() => Unary(), "**");

    private Expression Chain(Func<Expression> operand, params ReadOnlySpan<string> operators)
    {
        Expression left = operand();
        while (tokens.Current.Kind == JinjaTokenKind.Operator && operators.Contains(tokens.Current.Text))
        {
            JinjaToken op = tokens.Take();
            left = new Arithmetic(op.Line, op.Text, left, operand());
        }
        return left;
    }

    private Expression Primary()
    {
        JinjaToken token = tokens.Take();
        switch (token.Kind)
        {
            case JinjaTokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new Literal(token.Line, true),
                    "false" or "False" => new Literal(token.Line, false),
                    "none" or "None" => new Literal(token.Line, null),
                    _ => new NameExpression(token.Line, token.Text),
                };
            case JinjaTokenKind.Literal:
                var text = new StringBuilder(token.Text);
                while (tokens.Current.Kind == JinjaTokenKind.Literal)
                    text.Append(tokens.Take().Text);
                return new Literal(token.Line, text.ToString());
            case JinjaTokenKind.Whole:
                return new Literal(token.Line, long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long whole)
                    ? whole
                    : throw new JinjaException($"'{token.Text}' is out of the range of whole numbers", token.Line));
            case JinjaTokenKind.Number:
                return new Literal(token.Line, double.Parse(token.Text, NumberStyles.Float, CultureInfo.InvariantCulture));
            default:
                return token switch
                {
                    _ when token.Is("(") => tokens.Nested(() => Parenthesis(token.Line)),
                    _ when token.Is("[") => tokens.Nested(() => new ListExpression(token.Line, List("]"), tuple: false)),
                    _ when token.Is("{") => tokens.Nested(() => Dict(token.Line)),
                    _ => throw new JinjaException($"{token}, expected an expression", token.Line),
                };
        }
    }

    private Expression Parenthesis(int line)
    {
        if (tokens.Skip(")"))
            return new ListExpression(line, [], tuple: true);
        Expression inner = Tuple(ends: () => tokens.Current.Is(")"));
        tokens.Expect(")");
        return inner;
    }

    private List<Expression> List(string close)
    {
        var items = new List<Expression>();
        while (!tokens.Skip(close))
        {
            items.Add(Any());
            if (!tokens.Current.Is(close))
                tokens.Expect(",");
        }
        return items;
    }

    private DictExpression Dict(int line)
    {
        var items = new List<(Expression, Expression)>();
        while (!tokens.Skip("}"))
        {
            Expression key = Any();
            tokens.Expect(":");
            items.Add((key, Any()));
            if (!tokens.Current.Is("}"))
                tokens.Expect(",");
        }
        return new DictExpression(line, items);
    }

    private Expression Postfix(Expression target)
    {
        while (true)
        {
            int line = tokens.Line;
            if (tokens.Skip("."))
                target = Member(line, target);
            else if (tokens.Skip("["))
                target = Subscript(line, target);
            else if (tokens.Current.Is("("))
                target = new Call(line, target, Arguments());
            else
                return target;
        }
    }

    private Expression Member(int line, Expression target)
    {
        if (tokens.Current.Kind == JinjaTokenKind.Whole)
            return new ItemAccess(line, target, Primary());
        return new AttributeAccess(line, target, tokens.Name());
    }

    private Expression Subscript(int line, Expression target) => tokens.Nested(() =>
    {
        var bounds = new Expression?[3];
        int place = 0;
        while (!tokens.Current.Is("]"))
        {
            if (tokens.Skip(":"))
            {
                if (++place > 2)
                    throw tokens.Unexpected("']'");
            }
            else if (bounds[place] is null)
            {
                bounds[place] = Any();
            }
            else
            {
                throw tokens.Unexpected("']'");
            }
        }
        tokens.Expect("]");
        if (place > 0)
            return new SliceAccess(line, target, bounds[0], bounds[1], bounds[2]);
        return (Expression)new ItemAccess(line, target, bounds[0] ?? throw new JinjaException("empty brackets, expected a key", line));
    });

    private Expression Filters(Expression target)
    {
        while (true)
        {
            int line = tokens.Line;
            if (tokens.Skip("|"))
                target = Filter(target);
            else if (tokens.SkipName("is"))
                target = Test(line, target);
            else if (tokens.Current.Is("("))
                target = new Call(line, target, Arguments());
            else
                return target;
        }
    }

    private TestCall Test(int line, Expression target)
    {
        bool negated = tokens.SkipName("not");
        string name = DottedName();
        ArgumentList arguments = ArgumentList.Empty;
        JinjaToken next = tokens.Current;
        if (next.Is("("))
        {
            arguments = Arguments();
        }
        else if (next.Kind is JinjaTokenKind.Literal or JinjaTokenKind.Whole or JinjaTokenKind.Number || next.Is("[") || next.Is("{")
            || (next.Kind == JinjaTokenKind.Name && next.Text is not ("else" or "or" or "and")))
        {
            if (next.IsName("is"))
                throw new JinjaException("tests cannot be chained with 'is'", line);
            // 'a is b if c': words that go on with the expression are no argument.
            if (!next.IsName("if") && !next.IsName("in") && !next.IsName("not"))
                arguments = new ArgumentList([Postfix(Primary())], []);
        }
        return new TestCall(line, target, name, arguments, negated);
    }

    private string DottedName()
    {
        string name = tokens.Name();
        while (tokens.Skip("."))
            name += "." + tokens.Name();
        return name;
    }

    private bool AtEnd() => tokens.Current.Kind is JinjaTokenKind.BlockEnd or JinjaTokenKind.VariableEnd or JinjaTokenKind.End
        || tokens.Current.Is(")");
}
