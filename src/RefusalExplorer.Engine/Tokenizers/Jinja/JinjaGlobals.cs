using System.Globalization;
using System.Text;

namespace RefusalExplorer.Engine.Tokenizers.Jinja;

/// <summary>Functions that every template has.</summary>
internal static class JinjaGlobals
{
    private const long MaxRange = 100_000;

    private static readonly Dictionary<string, JinjaFunction> Functions = new(StringComparer.Ordinal)
    {
        ["raise_exception"] = a => throw new EngineException(PythonText.Str(a.Require(0, "message"), a.State.Budget)),
        ["strftime_now"] = a => Time(a.Text(0, "format"), DateTime.Now),
        ["range"] = Range,
        ["namespace"] = Namespace,
        ["dict"] = a => Dict(a),
    };

    internal static JinjaFunction? Find(string name) => Functions.GetValueOrDefault(name);

    private static List<object?> Range(CallArguments a)
    {
        long[] bounds = [.. a.Positional.Select(p => JinjaValue.AsWhole(p)
            ?? throw new JinjaValueException($"'range' takes whole numbers, found {JinjaValue.Describe(p)}"))];
        (long start, long stop, long step) = bounds switch
        {
            [long n] => (0, n, 1),
            [long m, long n] => (m, n, 1),
            [long m, long n, long by] when by != 0 => (m, n, by),
            _ => throw new JinjaValueException("'range' takes one to three whole numbers, the third not 0"),
        };
        Int128 span = step > 0 ? (Int128)stop - start : (Int128)start - stop;
        Int128 count = span <= 0 ? 0 : (span + Int128.Abs(step) - 1) / Int128.Abs(step);
        if (count > MaxRange)
            throw new JinjaValueException($"a range of {count}, expected at most {MaxRange}");
        var items = new List<object?>((int)count);
        for (long i = 0; i < (long)count; i++)
            items.Add(start + (i * step));
        a.State.Budget.Make(items.Count);
        return items;
    }

    private static JinjaNamespace Namespace(CallArguments a)
    {
        var space = new JinjaNamespace();
        foreach ((object key, object? value) in Dict(a))
            space.Fields[key.ToString()!] = value;
        return space;
    }

    private static JinjaDict Dict(CallArguments a)
    {
        var dict = new JinjaDict();
        if (a.Positional is [JinjaDict given])
        {
            foreach ((object key, object? value) in given)
                dict[key] = value;
        }
        foreach ((string key, object? value) in a.Named)
            dict[key] = value;
        return dict;
    }

    // strftime's letters, for the C locale.
    internal static string Time(string format, DateTime now)
    {
        var text = new StringBuilder();
        CultureInfo culture = CultureInfo.InvariantCulture;
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }
            bool bare = format[i + 1] == '-' && i + 2 < format.Length;
            i += bare ? 2 : 1;
            string part = format[i] switch
            {
                'd' => now.ToString("dd", culture),
                'm' => now.ToString("MM", culture),
                'y' => now.ToString("yy", culture),
                'Y' => now.ToString("yyyy", culture),
                'b' or 'h' => now.ToString("MMM", culture),
                'B' => now.ToString("MMMM", culture),
                'a' => now.ToString("ddd", culture),
                'A' => now.ToString("dddd", culture),
                'H' => now.ToString("HH", culture),
                'I' => now.ToString("hh", culture),
                'M' => now.ToString("mm", culture),
                'S' => now.ToString("ss", culture),
                'f' => now.ToString("ffffff", culture),
                'p' => now.ToString("tt", culture),
                'j' => now.DayOfYear.ToString("000", culture),
                'F' => now.ToString("yyyy-MM-dd", culture),
                'T' => now.ToString("HH:mm:ss", culture),
                '%' => "%",
                _ => throw new JinjaValueException($"'strftime_now' does not know '%{format[i]}'"),
            };
            text.Append(bare ? part.TrimStart('0') is { Length: > 0 } shorter ? shorter : "0" : part);
        }
        return text.ToString();
    }
}
