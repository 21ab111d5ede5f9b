using System.Globalization;
using System.Text;

namespace RefusalExplorer.Data.Store;

/// <summary>
/// Makes any .NET string storable as UTF-8 and gives the same string back. A lone surrogate has no UTF-8 form, and LiteDB throws on it;
/// it is written as the noncharacter U+FDD0 and four hexadecimal digits, and U+FDD0 itself likewise.
/// </summary>
internal static class SafeText
{
    private const char Mark = '\uFDD0';

    public static string Escape(string text)
    {
        int first = FirstUnsafe(text);
        if (first < 0)
            return text;

        var safe = new StringBuilder(text, 0, first, text.Length + 16);
        for (int i = first; i < text.Length; i++)
        {
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
                safe.Append(text[i]).Append(text[++i]);
            else if (text[i] == Mark || char.IsSurrogate(text[i]))
                safe.Append(Mark).Append(((int)text[i]).ToString("X4", CultureInfo.InvariantCulture));
            else
                safe.Append(text[i]);
        }

        return safe.ToString();
    }

    public static string Unescape(string text)
    {
        if (!text.Contains(Mark))
            return text;

        var plain = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == Mark)
            {
                plain.Append((char)ushort.Parse(text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                i += 4;
            }
            else
            {
                plain.Append(text[i]);
            }
        }

        return plain.ToString();
    }

    private static int FirstUnsafe(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
                i++;
            else if (text[i] == Mark || char.IsSurrogate(text[i]))
                return i;
        }

        return -1;
    }
}
