using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Cuts work into pieces by the number of tokens.</summary>
internal static class Batches
{
    /// <summary>Consecutive prompts whose padded rectangle has at most so many tokens; at least one prompt each.</summary>
    public static IReadOnlyList<Range> OfPrompts(IReadOnlyList<ImmutableArray<int>> prompts, int tokensAtOnce)
    {
        List<Range> ranges = [];
        for (int start = 0, end; start < prompts.Count; start = end)
        {
            int longest = prompts[start].Length;
            for (end = start + 1; end < prompts.Count; end++)
            {
                int columns = Math.Max(longest, prompts[end].Length);
                if ((long)columns * (end + 1 - start) > tokensAtOnce)
                    break;
                longest = columns;
            }
            ranges.Add(start..end);
        }
        return ranges;
    }

    /// <summary>Consecutive places, so many at a time.</summary>
    public static IReadOnlyList<Range> OfCount(int count, int atOnce) =>
        [.. Enumerable.Range(0, (count + atOnce - 1) / atOnce).Select(c => (c * atOnce)..Math.Min(count, (c + 1) * atOnce))];

    /// <summary>The items of a range.</summary>
    public static ImmutableArray<T> Of<T>(this Range range, IReadOnlyList<T> items)
    {
        (int start, int length) = range.GetOffsetAndLength(items.Count);
        return [.. Enumerable.Range(start, length).Select(i => items[i])];
    }
}
