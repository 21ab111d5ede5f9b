using System.Globalization;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>Python's operators and slices.</summary>
internal static class JinjaArithmetic
{
    internal static object? Apply(string op, object? left, object? right, RenderBudget budget)
    {
        if ((JinjaValue.Unusable(left) ?? JinjaValue.Unusable(right)) is { } undefined)
            throw undefined;
        switch (op, left, right)
        {
            case ("+", string a, string b):
                budget.Make((long)a.Length + b.Length);
                return a + b;
            case ("+", List<object?> a, List<object?> b) when a is JinjaTuple == b is JinjaTuple:
                budget.Make((long)a.Count + b.Count);
                return a is JinjaTuple ? new JinjaTuple([.. a, .. b]) : new List<object?>([.. a, .. b]);
            case ("*", string or List<object?>, long or bool):
                return Repeat(left, JinjaValue.AsWhole(right)!.Value, budget);
            case ("*", long or bool, string or List<object?>):
                return Repeat(right!, JinjaValue.AsWhole(left)!.Value, budget);
            case ("%", string format, _):
                return JinjaFormat.Percent(format, right is JinjaTuple tuple ? tuple : [right], budget);
            default:
                break;
        }
        if (JinjaValue.AsNumber(left) is not { } x || JinjaValue.AsNumber(right) is not { } y)
            throw new JinjaValueException($"'{op}' cannot take {JinjaValue.Describe(left)} and {JinjaValue.Describe(right)}");
        try
        {
            return op != "/" && JinjaValue.AsWhole(left) is { } m && JinjaValue.AsWhole(right) is { } n ? Whole(op, m, n) : Real(op, x, y);
        }
        catch (OverflowException)
        {
            throw new JinjaValueException($"'{op}' leaves the range of whole numbers");
        }
    }

    /// <summary><c>value[start:stop:step]</c>.</summary>
    internal static object? Slice(object? value, long? start, long? stop, long? step, RenderBudget budget)
    {
        if (value is Undefined undefined)
            throw undefined.Fail();
        List<object?> items = value switch
        {
            string text => PythonText.Characters(text),
            List<object?> list => list,
            _ => throw new JinjaValueException($"{JinjaValue.Describe(value)} cannot be sliced"),
        };
        budget.Make(items.Count);
        long by = step ?? 1;
        if (by == 0)
            throw new JinjaValueException("a slice cannot have the step 0");
        long count = items.Count;
        long from = Bound(start ?? (by > 0 ? 0 : count - 1), start.HasValue);
        long to = stop is { } given ? Bound(given, true) : by > 0 ? count : -1;
        var part = new List<object?>();
        // Steps beyond the list would overflow the counter.
        by = Math.Clamp(by, -count - 1, count + 1);
        for (long i = from; by > 0 ? i < to : i > to; i += by)
            part.Add(items[(int)i]);
        return value switch
        {
            string => string.Concat(part),
            JinjaTuple => new JinjaTuple(part),
            _ => part,
        };

        long Bound(long index, bool wraps)
        {
            if (wraps && index < 0)
                index = Math.Max(index, -count - 1) + count;
            return by > 0 ? Math.Clamp(index, 0, count) : Math.Clamp(index, -1, count - 1);
        }
    }

    internal static object Negate(object? value) => value switch
    {
        double number => -number,
        _ when JinjaValue.AsWhole(value) is { } whole && whole != long.MinValue => -whole,
        _ => throw JinjaValue.Unusable(value) ?? new JinjaValueException($"'-' cannot take {JinjaValue.Describe(value)}"),
    };

    private static object Repeat(object value, long times, RenderBudget budget)
    {
        long length = value is string text ? text.Length : ((List<object?>)value).Count;
        times = Math.Max(times, 0);
        RenderBudget.Check(times);
        budget.Make(length * times);
        if (value is string unit)
            return string.Concat(Enumerable.Repeat(unit, length == 0 ? 0 : (int)times));
        List<object?> items = [.. Enumerable.Repeat((List<object?>)value, length == 0 ? 0 : (int)times).SelectMany(i => i)];
        return value is JinjaTuple ? new JinjaTuple(items) : items;
    }

    private static object Whole(string op, long m, long n) => op switch
    {
        "+" => (object)checked(m + n),
        "-" => checked(m - n),
        "*" => checked(m * n),
        "//" => Floor(m, n),
        "%" => checked(m - (Floor(m, n) * n)),
        "**" => n < 0 ? Math.Pow(m, n) : (object)Power(m, n),
        _ => throw new JinjaValueException($"'{op}' is no operator"),
    };

    private static long Floor(long m, long n)
    {
        if (n == 0)
            throw new JinjaValueException("division by zero");
        long quotient = checked(m / n);
        return m % n != 0 && (m < 0) != (n < 0) ? quotient - 1 : quotient;
    }

    private static long Power(long m, long n)
    {
        long power = 1;
        if (m is 0 or 1 or -1)
            return n == 0 ? 1 : m == -1 && n % 2 == 0 ? 1 : m;
        for (long i = 0; i < n; i++)
            power = checked(power * m);
        return power;
    }

    private static double Real(string op, double x, double y)
    {
        if (op is "/" or "//" or "%" && y == 0)
            throw new JinjaValueException("division by zero");
        return op switch
        {
            "+" => x + y,
            "-" => x - y,
            "*" => x * y,
            "/" => x / y,
            "//" => Math.Floor(x / y),
            "%" => x - (Math.Floor(x / y) * y),
            "**" => Math.Pow(x, y),
            _ => throw new JinjaValueException($"'{op}' is no operator"),
        };
    }
}

/// <summary>Python's <c>%</c> on texts, for <c>%s %d %i %f %x %%</c>.</summary>
internal static class JinjaFormat
{
    internal static string Percent(string format, List<object?> values, RenderBudget budget)
    {
        var output = new System.Text.StringBuilder();
        int next = 0;
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                output.Append(format[i]);
                continue;
            }
            int start = ++i;
            while (i < format.Length && (char.IsAsciiDigit(format[i]) || format[i] is '.' or '-'))
                i++;
            if (i >= format.Length)
                throw new JinjaValueException("a text to format ends inside '%'");
            string size = format[start..i];
            if (format[i] == '%')
                output.Append('%');
            else if (next < values.Count)
                output.Append(One(format[i], size, values[next++], budget));
            else
                throw new JinjaValueException("too few values for a text to format");
            RenderBudget.Check(output.Length);
        }
        return output.ToString();
    }

    private static string One(char kind, string size, object? value, RenderBudget budget)
    {
        string[] parts = size.Split('.');
        _ = int.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int width);
        int digits = parts.Length > 1 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int given) ? Math.Min(given, 50) : 6;
        string text = kind switch
        {
            's' => PythonText.Str(value, budget),
            'd' or 'i' when JinjaValue.AsNumber(value) is { } number => Math.Truncate(number).ToString("F0", CultureInfo.InvariantCulture),
            'f' when JinjaValue.AsNumber(value) is { } number => number.ToString("F" + digits, CultureInfo.InvariantCulture),
            'x' when JinjaValue.AsWhole(value) is { } whole => whole.ToString("x", CultureInfo.InvariantCulture),
            _ => throw new JinjaValueException($"'%{kind}' cannot print {JinjaValue.Describe(value)}"),
        };
        bool zeros = parts[0].StartsWith('0') && kind != 's';
        width = Math.Clamp(width, -1000, 1000);
        return width < 0 ? text.PadRight(-width) : text.PadLeft(width, zeros ? '0' : ' ');
    }
}
