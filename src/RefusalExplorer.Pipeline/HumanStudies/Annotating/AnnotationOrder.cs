using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>The order in which an annotator sees the items: each has their own, so that tiredness and contrast fall on different items.</summary>
public static class AnnotationOrder
{
    private const int LeastDistance = 10;

    /// <summary>A seeded order of all items; a repeat comes at least 10 items after what it repeats, where there are so many.</summary>
    /// <param name="study">The study.</param>
    /// <param name="annotator">The annotator's number, from 1.</param>
    public static ImmutableArray<StudyItem> For(HumanStudy study, int annotator)
    {
        // SplitMix64's own increment: streams of neighbouring annotators have nothing in common.
        SeededRandom random = new(unchecked(study.Settings.Seed + (annotator * (long)0x9E3779B97F4A7C15)));
        StudyItem[] first = [.. study.Items.Where(i => i.Kind != ItemKind.Repeat)];
        random.Shuffle<StudyItem>(first);
        List<StudyItem> order = [.. first];
        foreach (StudyItem repeat in study.Items.Where(i => i.Kind == ItemKind.Repeat))
        {
            int after = order.FindIndex(i => i.Id == repeat.RepeatOf) + 1;
            int earliest = Math.Min(order.Count, after + LeastDistance);
            order.Insert(earliest + random.NextInt(order.Count - earliest + 1), repeat);
        }
        return [.. order];
    }
}
