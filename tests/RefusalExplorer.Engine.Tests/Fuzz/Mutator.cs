using System.Text;

namespace RefusalExplorer.Engine.Tests.Fuzz;

/// <summary>Damages bytes and texts as broken downloads, editors and spiteful people do; the same seed gives the same damage.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly string[] Hostile =
    [
        "null", "true", "-1", "0", "1e999", "-0.0", "9223372036854775808", "2147483647", "1e-400", "\"\"", "\"\\ud83d\"", "\"\\u0000\"", "[]", "{}", "[[[[", "}}}}", "((((",
        "{\"a\":1,\"a\":2}", "\uFEFF", "\0", "ÿ", "\uD800", "🙂", "%", "{%", "%}", "{{", "}}", "{#", "#}", "'", "\"", "\\", "|", ".", "[", "]", ",", ":", "-", "*", "**", "//", "~",
        "in", "is", "not", "if", "else", "for", "endfor", "range(9999999)", "'x' * 99999999", "10 ** 999", "messages", "loop", "self", "namespace", "join", "tojson",
    ];

    private readonly Random _random = new(seed);

    /// <summary>The bytes with one to six changes.</summary>
    public byte[] Bytes(byte[] good)
    {
        var bytes = new List<byte>(good);
        for (int n = _random.Next(1, 7); n > 0 && bytes.Count > 0; n--)
        {
            int at = _random.Next(4) == 0 ? _random.Next(Math.Min(64, bytes.Count)) : _random.Next(bytes.Count), length = Math.Min(_random.Next(1, 24), bytes.Count - at);
            switch (_random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << _random.Next(8)); break;
                case 1: bytes[at] = (byte)_random.Next(256); break;
                case 2: bytes.RemoveRange(at, length); break;
                case 3: bytes.InsertRange(at, bytes.GetRange(_random.Next(bytes.Count - length + 1), length)); break;
                case 4: bytes.InsertRange(at, Enumerable.Repeat((byte)_random.Next(256), length)); break;
                default: bytes.RemoveRange(at, _random.Next(8) == 0 ? bytes.Count - at : 1); break;
            }
        }
        return [.. bytes];
    }

    /// <summary>The text with one to six changes: pieces lost, doubled, swapped, or replaced by what parsers fear.</summary>
    public string Text(string good)
    {
        var text = new StringBuilder(good);
        for (int n = _random.Next(1, 7); n > 0 && text.Length > 0; n--)
        {
            int at = _random.Next(text.Length), length = Math.Min(_random.Next(1, 30), text.Length - at);
            string hostile = Hostile[_random.Next(Hostile.Length)];
            switch (_random.Next(6))
            {
                case 0: text.Remove(at, length); break;
                case 1: text.Insert(at, text.ToString(_random.Next(text.Length - length + 1), length)); break;
                case 2: text.Insert(at, hostile); break;
                case 3: text.Remove(at, length).Insert(at, hostile); break;
                case 4: Value(text, at, hostile); break;
                default: text[at] = (char)_random.Next(_random.Next(8) == 0 ? 0xFFFF : 128); break;
            }
        }
        return text.ToString();
    }

    // Replaces what stands between two separators: a JSON value, an argument, a word.
    private static void Value(StringBuilder text, int at, string with)
    {
        int start = at, end = at;
        while (start > 0 && !",:[{(| ".Contains(text[start - 1], StringComparison.Ordinal))
            start--;
        while (end < text.Length && !",]})| ".Contains(text[end], StringComparison.Ordinal))
            end++;
        text.Remove(start, end - start).Insert(start, with);
    }
}
