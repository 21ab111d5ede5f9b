using System.Text;

namespace RefusalExplorer.Data.Datasets;

/// <summary>A line of a file: its bytes without the line end, or none where it was over the limit.</summary>
/// <param name="Number">1-based.</param>
/// <param name="Bytes">The bytes; null where there were more than the limit.</param>
internal readonly record struct Line(long Number, ReadOnlyMemory<byte>? Bytes)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text, or null where the bytes are not UTF-8.</summary>
    public string? Text()
    {
        try
        {
            return Strict.GetString(Bytes!.Value.Span);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    public bool IsBlank => Bytes is { } bytes && bytes.Span.Trim(" \t\r"u8).IsEmpty;
}

/// <summary>Cuts a stream into lines of a bounded length; a longer one is passed over, not held.</summary>
internal static class LineReader
{
    public static IEnumerable<Line> Read(Stream stream, int limit)
    {
        byte[] buffer = new byte[1 << 16];
        var line = new MemoryStream();
        bool over = false, first = true;
        long number = 1;
        int read;
        while ((read = stream.Read(buffer, 0, buffer.Length)) > 0)
        {
            int start = 0;
            while (start < read)
            {
                int end = Array.IndexOf(buffer, (byte)'\n', start, read - start);
                int length = (end < 0 ? read : end) - start;
                over |= line.Length + length > limit;
                if (!over)
                    line.Write(buffer, start, length);
                start += length;
                if (end < 0)
                    break;
                start++;
                yield return Take(line, number++, over, ref first);
                over = false;
            }
        }

        if (line.Length > 0 || over)
            yield return Take(line, number, over, ref first);
    }

    private static Line Take(MemoryStream line, long number, bool over, ref bool first)
    {
        ReadOnlyMemory<byte> bytes = line.ToArray();
        line.SetLength(0);
        if (first && bytes.Span.StartsWith("\uFEFF"u8))
            bytes = bytes[3..];
        first = false;
        if (bytes.Length > 0 && bytes.Span[^1] == '\r')
            bytes = bytes[..^1];
        return new Line(number, over ? default(ReadOnlyMemory<byte>?) : bytes);
    }
}
