using System.Globalization;
using System.Reflection;
using System.Text;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>
/// Unicode normalization (UAX #15). The process runs with invariant globalization, so that it needs no ICU on the machine, and there
/// <see cref="string.Normalize()"/> changes nothing.
/// </summary>
internal static class UnicodeForms
{
    private const int SBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7, LCount = 19, VCount = 21, TCount = 28;
    private static readonly Lazy<Tables> Data = new(Load);

    internal static string Normalize(string text, bool compatible, bool compose)
    {
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', '\u007f') < 0)
            return text;
        Tables data = Data.Value;
        var codes = new List<int>(text.Length + 8);
        foreach (Rune rune in text.EnumerateRunes())
            Decompose(rune.Value, compatible, data, codes);
        Order(codes, data);
        if (compose)
            Compose(codes, data);
        var output = new StringBuilder(codes.Count);
        foreach (int code in codes)
            output.Append(new Rune(code).ToString());
        return output.ToString();
    }

    private static void Decompose(int code, bool compatible, Tables data, List<int> codes)
    {
        int s = code - SBase;
        if (s is >= 0 and < LCount * VCount * TCount)
        {
            codes.Add(LBase + (s / (VCount * TCount)));
            codes.Add(VBase + (s % (VCount * TCount) / TCount));
            if (s % TCount > 0)
                codes.Add(TBase + (s % TCount));
            return;
        }
        if (!data.Canonical.TryGetValue(code, out int[]? parts) && !(compatible && data.Compatible.TryGetValue(code, out parts)))
        {
            codes.Add(code);
            return;
        }
        foreach (int part in parts)
            Decompose(part, compatible, data, codes);
    }

    // Marks on one base go by combining class; equal classes stay as they are.
    private static void Order(List<int> codes, Tables data)
    {
        for (int start = 0; start < codes.Count; start++)
        {
            if (data.Class(codes[start]) == 0)
                continue;
            int end = start;
            while (end < codes.Count && data.Class(codes[end]) != 0)
                end++;
            if (end - start > 1)
            {
                int[] ordered = [.. codes[start..end].OrderBy(data.Class)];
                for (int i = 0; i < ordered.Length; i++)
                    codes[start + i] = ordered[i];
            }
            start = end;
        }
    }

    private static void Compose(List<int> codes, Tables data)
    {
        int starter = -1;
        int written = 0;
        int lastClass = -1;
        // Written places are behind the one that is read.
        for (int read = 0; read < codes.Count; read++)
        {
            int code = codes[read];
            int itsClass = data.Class(code);
            bool blocked = lastClass >= itsClass && !(lastClass == 0 && itsClass == 0 && written == starter + 1);
            if (starter >= 0 && !blocked && Pair(codes[starter], code, data) is { } joined)
            {
                codes[starter] = joined;
                continue;
            }
            if (itsClass == 0)
                starter = written;
            lastClass = itsClass;
            codes[written++] = code;
        }
        codes.RemoveRange(written, codes.Count - written);
    }

    private static int? Pair(int first, int second, Tables data)
    {
        if (first is >= LBase and < LBase + LCount && second is >= VBase and < VBase + VCount)
            return SBase + ((((first - LBase) * VCount) + (second - VBase)) * TCount);
        int s = first - SBase;
        if (s >= 0 && s < LCount * VCount * TCount && s % TCount == 0 && second is > TBase and < TBase + TCount)
            return first + (second - TBase);
        return data.Pairs.TryGetValue((first, second), out int joined) ? joined : null;
    }

    private static Tables Load()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("UnicodeForms.txt")!;
        using var reader = new StreamReader(stream);
        var data = new Tables();
        while (reader.ReadLine() is { } line)
        {
            string[] fields = line.Split(' ');
            switch (fields[0])
            {
                case "D":
                    int[] parts = [.. fields[2..].Select(Hex)];
                    data.Canonical[Hex(fields[1])] = parts;
                    if (parts.Length == 2)
                        data.Pairs[(parts[0], parts[1])] = Hex(fields[1]);
                    break;
                case "K":
                    data.Compatible[Hex(fields[1])] = [.. fields[2..].Select(Hex)];
                    break;
                case "C":
                    foreach (string range in fields[2..])
                        data.AddClass(byte.Parse(fields[1], CultureInfo.InvariantCulture), [.. range.Split('-').Select(Hex)]);
                    break;
                case "X":
                    foreach (int excluded in fields[1..].Select(Hex))
                        data.Pairs.Remove((data.Canonical[excluded][0], data.Canonical[excluded][1]));
                    break;
                default:
                    break;
            }
        }
        return data;
    }

    private static int Hex(string code) => int.Parse(code, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private sealed class Tables
    {
        private readonly Dictionary<int, byte> _classes = [];

        internal Dictionary<int, int[]> Canonical { get; } = [];

        internal Dictionary<int, int[]> Compatible { get; } = [];

        internal Dictionary<(int First, int Second), int> Pairs { get; } = [];

        internal int Class(int code) => _classes.GetValueOrDefault(code);

        internal void AddClass(byte itsClass, int[] range)
        {
            for (int code = range[0]; code <= range[^1]; code++)
                _classes[code] = itsClass;
        }
    }
}
