using System.Globalization;
using System.Text;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>Cuts a template into tokens, with <c>trim_blocks</c> and <c>lstrip_blocks</c> on, as transformers sets them (jinja2 <c>lexer.py</c>).</summary>
internal sealed class JinjaLexer
{
    private static readonly string[] Operators =
        ["//", "**", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];

    private readonly string _source;
    private readonly List<JinjaToken> _tokens = [];
    private int _at;
    private int _line = 1;
    private bool _lineStarts = true;

    private JinjaLexer(string source) => _source = source;

    /// <exception cref="JinjaException">An unclosed tag or string, or a character that no expression has.</exception>
    internal static List<JinjaToken> Read(string source)
    {
        string text = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var lexer = new JinjaLexer(text.EndsWith('\n') ? text[..^1] : text);
        lexer.ReadAll();
        return lexer._tokens;
    }

    private void ReadAll()
    {
        while (_at < _source.Length)
        {
            int tag = NextTag();
            if (tag < 0)
            {
                AddText(_source.Length, '+', variable: true);
                break;
            }
            char kind = _source[tag + 1];
            char sign = tag + 2 < _source.Length && _source[tag + 2] is '-' or '+' ? _source[tag + 2] : ' ';
            AddText(tag, sign, kind == '{');
            Move(2 + (sign == ' ' ? 0 : 1));
            if (kind == '#')
                SkipComment();
            else if (kind == '%' && TryRaw())
                continue;
            else
                ReadTag(kind == '{');
        }
        Add(JinjaTokenKind.End, "");
    }

    private int NextTag()
    {
        for (int from = _at; (from = _source.IndexOf('{', from)) >= 0; from++)
        {
            if (from + 1 < _source.Length && _source[from + 1] is '{' or '%' or '#')
                return from;
        }
        return -1;
    }

    private void AddText(int end, char sign, bool variable)
    {
        string text = _source[_at..end];
        string kept = text;
        if (sign == '-')
        {
            kept = PythonText.TrimEnd(text);
        }
        else if (sign != '+' && !variable)
        {
            int line = text.LastIndexOf('\n') + 1;
            if ((line > 0 || _lineStarts) && text.AsSpan(line).IndexOfAnyExcept(" \t\f\v") < 0)
                kept = text[..line];
        }
        if (kept.Length > 0)
            Add(JinjaTokenKind.Text, kept);
        Move(text.Length);
        _lineStarts = false;
    }

    private void SkipComment()
    {
        int end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
            throw Fail("a comment is not closed with '#}'");
        char sign = end > _at ? _source[end - 1] : ' ';
        Move(end + 2 - _at);
        AfterTag(sign, block: true);
    }

    private bool TryRaw()
    {
        if (TagNamed(_at, "raw") is not { } start)
            return false;
        Move(start.End - _at);
        AfterTag(start.Sign, block: true);
        for (int from = _at; (from = _source.IndexOf("{%", from, StringComparison.Ordinal)) >= 0; from += 2)
        {
            char sign = from + 2 < _source.Length && _source[from + 2] is '-' or '+' ? _source[from + 2] : ' ';
            if (TagNamed(from + 2 + (sign == ' ' ? 0 : 1), "endraw") is not { } end)
                continue;
            AddText(from, sign, variable: false);
            Move(end.End - _at);
            AfterTag(end.Sign, block: true);
            return true;
        }
        throw Fail("'{% raw %}' is not closed with '{% endraw %}'");
    }

    private (int End, char Sign)? TagNamed(int at, string name)
    {
        at = SkipSpace(at);
        if (string.CompareOrdinal(_source, at, name, 0, name.Length) != 0)
            return null;
        at = SkipSpace(at + name.Length);
        char sign = at < _source.Length && _source[at] is '-' or '+' ? _source[at++] : ' ';
        return string.CompareOrdinal(_source, at, "%}", 0, 2) == 0 ? (at + 2, sign) : null;
    }

    private int SkipSpace(int at)
    {
        while (at < _source.Length && PythonText.IsSpace(_source[at]))
            at++;
        return at;
    }

    private void ReadTag(bool variable)
    {
        Add(variable ? JinjaTokenKind.VariableBegin : JinjaTokenKind.BlockBegin, "");
        string close = variable ? "}}" : "%}";
        var open = new Stack<char>();
        while (true)
        {
            Move(SkipSpace(_at) - _at);
            if (_at >= _source.Length)
                throw Fail($"a tag is not closed with '{close}'");
            if (open.Count == 0 && TryClose(close, variable))
                return;
            char c = _source[_at];
            if (char.IsLetter(c) || c == '_')
                ReadName();
            else if (char.IsAsciiDigit(c))
                ReadNumber();
            else if (c is '"' or '\'')
                ReadLiteral(c);
            else
                ReadOperator(open);
        }
    }

    private bool TryClose(string close, bool variable)
    {
        char sign = _source[_at] is '-' or '+' ? _source[_at] : ' ';
        // '+}}' is no closing tag; '+' only says something about the newline after a block.
        if (variable && sign == '+')
            return false;
        int at = _at + (sign == ' ' ? 0 : 1);
        if (string.CompareOrdinal(_source, at, close, 0, 2) != 0)
            return false;
        Add(variable ? JinjaTokenKind.VariableEnd : JinjaTokenKind.BlockEnd, "");
        Move(at + 2 - _at);
        AfterTag(sign, !variable);
        return true;
    }

    private void AfterTag(char sign, bool block)
    {
        int start = _at;
        if (sign == '-')
            Move(SkipSpace(_at) - _at);
        else if (block && sign != '+' && _at < _source.Length && _source[_at] == '\n')
            Move(1);
        _lineStarts = _at > start && _source[_at - 1] == '\n';
    }

    private void ReadName()
    {
        int start = _at;
        int end = start;
        while (end < _source.Length && (char.IsLetterOrDigit(_source[end]) || _source[end] == '_'))
            end++;
        Add(JinjaTokenKind.Name, _source[start..end]);
        Move(end - start);
    }

    private void ReadNumber()
    {
        int end = _at;
        while (end < _source.Length && (char.IsAsciiDigit(_source[end]) || _source[end] == '_'))
            end++;
        bool fraction = end + 1 < _source.Length && _source[end] == '.' && char.IsAsciiDigit(_source[end + 1]);
        if (fraction)
        {
            end++;
            while (end < _source.Length && char.IsAsciiDigit(_source[end]))
                end++;
        }
        int exponent = end;
        if (exponent < _source.Length && _source[exponent] is 'e' or 'E')
        {
            exponent++;
            if (exponent < _source.Length && _source[exponent] is '+' or '-')
                exponent++;
            if (exponent < _source.Length && char.IsAsciiDigit(_source[exponent]))
            {
                fraction = true;
                end = exponent;
                while (end < _source.Length && char.IsAsciiDigit(_source[end]))
                    end++;
            }
        }
        Add(fraction ? JinjaTokenKind.Number : JinjaTokenKind.Whole, _source[_at..end].Replace("_", "", StringComparison.Ordinal));
        Move(end - _at);
    }

    private void ReadLiteral(char quote)
    {
        var text = new StringBuilder();
        int line = _line;
        int at = _at + 1;
        while (true)
        {
            if (at >= _source.Length)
                throw Fail("a string is not closed");
            char c = _source[at++];
            if (c == quote)
                break;
            if (c == '\\')
                at = ReadEscape(at, text);
            else
                text.Append(c);
        }
        Move(at - _at);
        _tokens.Add(new JinjaToken(JinjaTokenKind.Literal, text.ToString(), line));
    }

    // Python's unicode-escape.
    private int ReadEscape(int at, StringBuilder text)
    {
        if (at >= _source.Length)
            throw Fail("a string is not closed");
        char c = _source[at++];
        int digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (at + digits > _source.Length
                || !int.TryParse(_source.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
                || code is < 0 or > 0x10FFFF)
            {
                throw Fail($"'\\{c}' in a string, expected {digits} hexadecimal digits after it");
            }
            text.Append(code > 0xFFFF ? char.ConvertFromUtf32(code) : ((char)code).ToString());
            return at + digits;
        }
        string? plain = c switch
        {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            'b' => "\b",
            'f' => "\f",
            'v' => "\v",
            'a' => "\a",
            '\\' => "\\",
            '\'' => "'",
            '"' => "\"",
            '\n' => "",
            _ => null,
        };
        if (plain is null && c is >= '0' and <= '7')
        {
            int code = c - '0';
            for (int n = 1; n < 3 && at < _source.Length && _source[at] is >= '0' and <= '7'; n++)
                code = (code * 8) + (_source[at++] - '0');
            plain = ((char)code).ToString();
        }
        text.Append(plain ?? "\\" + c);
        return at;
    }

    private void ReadOperator(Stack<char> open)
    {
        foreach (string op in Operators)
        {
            if (string.CompareOrdinal(_source, _at, op, 0, op.Length) != 0)
                continue;
            Add(JinjaTokenKind.Operator, op);
            Move(op.Length);
            if (op is "(" or "[" or "{")
                open.Push(op[0] == '(' ? ')' : op[0] == '[' ? ']' : '}');
            else if (op is ")" or "]" or "}" && (!open.TryPop(out char expected) || expected != op[0]))
                throw Fail($"'{op}' without its opening bracket");
            return;
        }
        throw Fail($"the character '{_source[_at]}' has no meaning here");
    }

    private void Move(int chars)
    {
        _line += _source.AsSpan(_at, chars).Count('\n');
        _at += chars;
    }

    private void Add(JinjaTokenKind kind, string text) => _tokens.Add(new JinjaToken(kind, text, _line));

    private JinjaException Fail(string problem) => new(problem, _line);
}
