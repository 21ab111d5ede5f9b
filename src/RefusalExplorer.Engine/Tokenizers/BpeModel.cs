using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>How a byte-pair model treats what its vocabulary lacks (<c>models/bpe/model.rs</c>).</summary>
/// <param name="UnknownId">Stands for a character without a piece; null drops it.</param>
/// <param name="FuseUnknown">One unknown id for a run of them.</param>
/// <param name="ByteFallback">A character without a piece becomes <c>&lt;0xNN&gt;</c> pieces.</param>
/// <param name="IgnoreMerges">A word that is itself a piece is taken whole.</param>
/// <param name="Prefix">Before every character of a word but the first.</param>
/// <param name="Suffix">After the last character of a word.</param>
internal sealed record BpeOptions(
    int? UnknownId = null, bool FuseUnknown = false, bool ByteFallback = false, bool IgnoreMerges = false, string Prefix = "", string Suffix = "");

/// <summary>
/// Byte-pair encoding with a heap of merges and a cache of words. Microsoft.ML.Tokenizers' BpeTokenizer has neither ignore_merges
/// (Llama-3) nor byte_fallback (Gemma), and recognises added tokens without their strip flags, so it cannot give these models' ids.
/// </summary>
internal sealed class BpeModel(BpeVocabulary vocabulary, BpeOptions options)
{
    private const int CachedWords = 1 << 16;
    private const int CachedWordLength = 64;
    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);

    /// <summary>Adds the ids of one word, as the pre-tokenizer gives it.</summary>
    internal void Encode(string word, List<int> ids)
    {
        if (options.IgnoreMerges && vocabulary.TryGetId(word, out int whole))
        {
            ids.Add(whole);
            return;
        }
        if (_cache.TryGetValue(word, out int[]? known))
        {
            ids.AddRange(known);
            return;
        }
        int[] found = Merge(Symbols(word));
        if (word.Length <= CachedWordLength && _cache.Count < CachedWords)
            _cache.TryAdd(word, found);
        ids.AddRange(found);
    }

    private List<int> Symbols(string word)
    {
        var symbols = new List<int>(word.Length);
        bool unknownBefore = false;
        int start = 0;
        foreach (Rune rune in word.EnumerateRunes())
        {
            int end = start + rune.Utf16SequenceLength;
            bool known = Known(word, start, end, out int id);
            if (known)
                symbols.Add(id);
            else if (!(options.ByteFallback && AddBytes(rune, symbols)) && options.UnknownId is { } unknown && !(unknownBefore && options.FuseUnknown))
                symbols.Add(unknown);
            unknownBefore = !known && symbols.Count > 0 && symbols[^1] == options.UnknownId;
            start = end;
        }
        return symbols;
    }

    private bool Known(string word, int start, int end, out int id)
    {
        bool first = start == 0;
        bool last = end == word.Length;
        if ((first || options.Prefix.Length == 0) && (!last || options.Suffix.Length == 0))
            return vocabulary.TryGetId(word.AsSpan(start, end - start), out id);
        return vocabulary.TryGetId((first ? "" : options.Prefix) + word[start..end] + (last ? options.Suffix : ""), out id);
    }

    private bool AddBytes(Rune rune, List<int> symbols)
    {
        Span<byte> bytes = stackalloc byte[4];
        Span<int> ids = stackalloc int[4];
        int count = rune.EncodeToUtf8(bytes);
        for (int i = 0; i < count; i++)
        {
            if (!vocabulary.TryGetId(string.Create(CultureInfo.InvariantCulture, $"<0x{bytes[i]:X2}>"), out ids[i]))
                return false;
        }
        symbols.AddRange(ids[..count]);
        return true;
    }

    // Lowest rank first, then leftmost. Symbols are a linked list in arrays: a merge unlinks the right one.
    private int[] Merge(List<int> symbols)
    {
        int count = symbols.Count;
        if (count < 2)
            return [.. symbols];
        int[] ids = [.. symbols];
        int[] next = new int[count];
        int[] previous = new int[count];
        var queue = new PriorityQueue<(int At, int Id), ulong>(count);
        for (int i = 0; i < count; i++)
            (previous[i], next[i]) = (i - 1, i + 1);
        for (int i = 0; i + 1 < count; i++)
            Offer(i);
        int left = count;
        while (queue.TryDequeue(out (int At, int Id) top, out _))
        {
            int at = top.At;
            // The entry is stale if its symbol is gone or its neighbour has changed to one that it does not make the same piece with.
            if (ids[at] < 0 || next[at] >= count || !vocabulary.TryGetMerge(ids[at], ids[next[at]], out Merge merge) || merge.Id != top.Id)
                continue;
            int gone = next[at];
            ids[at] = merge.Id;
            ids[gone] = -1;
            next[at] = next[gone];
            if (next[at] < count)
                previous[next[at]] = at;
            left--;
            if (previous[at] >= 0)
                Offer(previous[at]);
            if (next[at] < count)
                Offer(at);
        }
        int[] merged = new int[left];
        for (int i = 0, n = 0; i < count; i = next[i])
            merged[n++] = ids[i];
        return merged;

        void Offer(int at)
        {
            if (vocabulary.TryGetMerge(ids[at], ids[next[at]], out Merge merge))
                queue.Enqueue((at, merge.Id), ((ulong)(uint)merge.Rank << 32) | (uint)at);
        }
    }
}
