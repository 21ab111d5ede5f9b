using System.Text;

namespace RefusalExplorer.Web.Api.OpenAi;

/// <summary>Lets a stream's text through as soon as it cannot be the beginning of a stop sequence, and nothing from a stop sequence on.</summary>
internal sealed class StopBuffer(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _held = new();
    private bool _stopped;
    private int _sent;

    /// <summary>Adds text; returns what may be sent now.</summary>
    public string Push(string text)
    {
        if (_stopped)
            return "";
        _held.Append(text);
        string all = _held.ToString();
        int stop = stops.Select(s => all.IndexOf(s, StringComparison.Ordinal)).Where(i => i >= 0).DefaultIfEmpty(-1).Min();
        if (stop >= 0)
        {
            _stopped = true;
            _held.Clear();
            return Sent(all[..stop]);
        }
        int kept = stops.Select(s => Overlap(all, s)).DefaultIfEmpty(0).Max();
        _held.Remove(0, all.Length - kept);
        return Sent(all[..(all.Length - kept)]);
    }

    /// <summary>What is left to send when the stream has ended: what was held back, and the mark that stands for a character that never became whole.</summary>
    /// <param name="whole">The whole answer.</param>
    public string Rest(string whole) => whole[Math.Min(_sent, whole.Length)..];

    private string Sent(string text)
    {
        _sent += text.Length;
        return text;
    }

    // The longest end of the text that a stop sequence begins with.
    private static int Overlap(string text, string stop)
    {
        for (int n = Math.Min(text.Length, stop.Length - 1); n > 0; n--)
        {
            if (text.EndsWith(stop[..n], StringComparison.Ordinal))
                return n;
        }
        return 0;
    }
}
