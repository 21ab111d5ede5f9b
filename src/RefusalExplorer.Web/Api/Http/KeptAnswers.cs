namespace RefusalExplorer.Web.Api.Http;

/// <summary>An answer that is given again.</summary>
internal sealed record KeptAnswer(int Status, string? ContentType, string? Location, byte[] Body);

/// <summary>Answers by idempotency key, for a day, as far as memory is set aside for them.</summary>
internal sealed class KeptAnswers(TimeProvider time)
{
    /// <summary>Keys remembered.</summary>
    public const int Most = 4096;

    private const long MostBytes = 64 * 1024 * 1024;
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _oldestFirst = new();
    private long _bytes;

    /// <summary>The entry of a key, made if there is none.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fingerprint">Of the request.</param>
    /// <param name="first">Whether it was made now: the caller then keeps or forgets it.</param>
    public Entry Begin(string key, string fingerprint, out bool first)
    {
        lock (_gate)
        {
            Trim();
            first = !_entries.TryGetValue(key, out Entry? entry);
            return entry ?? (_entries[key] = new Entry(key, fingerprint));
        }
    }

    /// <summary>Keeps an answer.</summary>
    public void Keep(Entry entry, KeptAnswer answer)
    {
        lock (_gate)
        {
            (entry.Answer, entry.At) = (answer, time.GetUtcNow());
            _oldestFirst.AddLast(entry);
            _bytes += answer.Body.Length;
            Trim();
        }
    }

    /// <summary>Forgets a key whose request failed.</summary>
    public void Forget(Entry entry)
    {
        lock (_gate)
            _entries.Remove(entry.Key);
    }

    private void Trim()
    {
        while (_oldestFirst.First is { Value: var oldest } && (_oldestFirst.Count > Most || _bytes > MostBytes || time.GetUtcNow() - oldest.At > Longest))
        {
            _oldestFirst.RemoveFirst();
            _entries.Remove(oldest.Key);
            _bytes -= oldest.Answer!.Body.Length;
        }
    }

    /// <summary>A key; without an answer its request is under way.</summary>
    internal sealed class Entry(string key, string fingerprint)
    {
        public string Key => key;

        public string Fingerprint => fingerprint;

        public KeptAnswer? Answer { get; set; }

        public DateTimeOffset At { get; set; }
    }
}
