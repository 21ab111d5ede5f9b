using System.Text;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>One step from pieces to text, fed piece by piece (<c>tokenizers/src/decoders</c>); what it holds back comes with <see cref="Flush"/>.</summary>
internal interface IDecodingStep
{
    void Push(string piece, Action<string> next);

    void Flush(Action<string> next);
}

/// <summary>Pieces of the byte alphabet back to text; an incomplete character is held until its bytes are there.</summary>
internal sealed class ByteLevelDecoding : IDecodingStep
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    public void Push(string piece, Action<string> next) => Write(ByteAlphabet.Read(piece), flush: false, next);

    public void Flush(Action<string> next) => Write([], flush: true, next);

    private void Write(byte[] bytes, bool flush, Action<string> next)
    {
        char[] chars = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length + 4)];
        int count = _decoder.GetChars(bytes, chars, flush);
        if (count > 0)
            next(new string(chars, 0, count));
    }
}

/// <summary>Replaces text within each piece.</summary>
internal sealed class ReplaceDecoding(string pattern, string content) : IDecodingStep
{
    public void Push(string piece, Action<string> next) => next(piece.Replace(pattern, content, StringComparison.Ordinal));

    public void Flush(Action<string> next)
    {
    }
}

/// <summary>A run of <c>&lt;0xNN&gt;</c> pieces back to text; a run that is not UTF-8 becomes one U+FFFD a byte, so it is held until its end.</summary>
internal sealed class ByteFallbackDecoding : IDecodingStep
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private readonly List<byte> _held = [];

    public void Push(string piece, Action<string> next)
    {
        if (TryByte(piece, out byte value))
        {
            _held.Add(value);
            return;
        }
        Flush(next);
        next(piece);
    }

    public void Flush(Action<string> next)
    {
        if (_held.Count == 0)
            return;
        string text;
        try
        {
            text = Strict.GetString([.. _held]);
        }
        catch (DecoderFallbackException)
        {
            text = new string('\uFFFD', _held.Count);
        }
        _held.Clear();
        next(text);
    }

    internal static bool TryByte(string piece, out byte value)
    {
        value = 0;
        return piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>'
            && byte.TryParse(piece.AsSpan(3, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out value);
    }
}

/// <summary>Pieces with a space between; what a tokenizer without a decoder gives.</summary>
internal sealed class SpacedDecoding : IDecodingStep
{
    private bool _started;

    public void Push(string piece, Action<string> next)
    {
        next(_started ? " " + piece : piece);
        _started = true;
    }

    public void Flush(Action<string> next)
    {
    }
}

/// <summary>The mark of word starts back to spaces; the first piece's own goes away where one was put in front.</summary>
internal sealed class MetaspaceDecoding(char mark, bool prefix) : IDecodingStep
{
    private bool _started;

    public void Push(string piece, Action<string> next)
    {
        // The reference drops every mark of the first piece, not only the leading one (decoders/metaspace.rs).
        bool drops = !_started && prefix;
        _started = true;
        next(drops ? piece.Replace(mark.ToString(), "", StringComparison.Ordinal) : piece.Replace(mark, ' '));
    }

    public void Flush(Action<string> next)
    {
    }
}

/// <summary>Takes a character off the ends: of every piece, or of the whole text once pieces are fused.</summary>
internal sealed class StripDecoding(char content, int start, int stop, bool fused) : IDecodingStep
{
    private int _stripped;
    private string _held = "";

    public void Push(string piece, Action<string> next)
    {
        if (!fused)
        {
            next(StripStop(StripStart(piece, start, out _, out _)));
            return;
        }
        string text = _held + StripStart(piece, start - _stripped, out int taken, out bool whole);
        _stripped = whole ? _stripped + taken : start;
        int keep = text.Length;
        while (keep > 0 && text.Length - keep < stop && text[keep - 1] == content)
            keep--;
        _held = text[keep..];
        if (keep > 0)
            next(text[..keep]);
    }

    public void Flush(Action<string> next)
    {
        string rest = StripStop(_held);
        _held = "";
        if (rest.Length > 0)
            next(rest);
    }

    private string StripStart(string text, int most, out int taken, out bool whole)
    {
        taken = 0;
        while (taken < most && taken < text.Length && text[taken] == content)
            taken++;
        whole = taken == text.Length;
        return text[taken..];
    }

    private string StripStop(string text)
    {
        int keep = text.Length;
        while (keep > 0 && text.Length - keep < stop && text[keep - 1] == content)
            keep--;
        return text[..keep];
    }
}
