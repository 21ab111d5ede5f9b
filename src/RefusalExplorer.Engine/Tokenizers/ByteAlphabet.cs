using System.Text;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>GPT-2's printable character for every byte (<c>bytes_to_unicode</c> in openai/gpt-2 <c>encoder.py</c>).</summary>
internal static class ByteAlphabet
{
    private static readonly char[] Chars = BuildChars();
    private static readonly short[] Bytes = BuildBytes();

    /// <summary>The text's UTF-8 bytes, each as its character.</summary>
    internal static string Write(ReadOnlySpan<char> text)
    {
        int count = Encoding.UTF8.GetByteCount(text);
        byte[] bytes = new byte[count];
        Encoding.UTF8.GetBytes(text, bytes);
        return string.Create(count, bytes, static (chars, source) =>
        {
            for (int i = 0; i < chars.Length; i++)
                chars[i] = Chars[source[i]];
        });
    }

    /// <summary>The bytes of a piece. A piece with any other character is an added token and stands for its own UTF-8.</summary>
    internal static byte[] Read(string piece)
    {
        byte[] bytes = new byte[piece.Length];
        for (int i = 0; i < piece.Length; i++)
        {
            if (piece[i] >= Bytes.Length || Bytes[piece[i]] < 0)
                return Encoding.UTF8.GetBytes(piece);
            bytes[i] = (byte)Bytes[piece[i]];
        }
        return bytes;
    }

    private static char[] BuildChars()
    {
        char[] chars = new char[256];
        char next = (char)256;
        for (int b = 0; b < 256; b++)
            chars[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? (char)b : next++;
        return chars;
    }

    private static short[] BuildBytes()
    {
        short[] bytes = [.. Enumerable.Repeat((short)-1, Chars.Max() + 1)];
        for (short b = 0; b < 256; b++)
            bytes[Chars[b]] = b;
        return bytes;
    }
}
