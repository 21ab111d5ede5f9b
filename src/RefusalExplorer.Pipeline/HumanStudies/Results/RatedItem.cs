using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>An item with everybody's answers.</summary>
/// <param name="Item">The item.</param>
/// <param name="Answers">By annotator's number; who has not answered is not in it.</param>
public sealed record RatedItem(StudyItem Item, ImmutableSortedDictionary<int, LabelSet> Answers)
{
    /// <summary>Labels by activation.</summary>
    public LabelSet Activation => LabelSet.Of(Item.Labels);

    /// <summary>
    /// The labels that more than half of the annotators chose (of three: two). The empty set where more than half chose "None";
    /// null where fewer than two answered, or nothing has a majority.
    /// </summary>
    public LabelSet? Majority => MajorityOf(Answers.Values);

    /// <summary>
    /// The paper's score of an item: the share of its activation labels that people chose too; where it has none, 1 if people chose "None".
    /// Without a majority people chose nothing: 0.
    /// </summary>
    public double Score => Majority is not { } people ? 0
        : Activation.Labels.IsEmpty ? (people.Labels.IsEmpty ? 1 : 0)
        : (double)Activation.Labels.Count(people.Labels.Contains) / Activation.Labels.Count;

    /// <summary>Whether people's labels are those by activation, no more and no less.</summary>
    public bool Exact => Majority is { } people && people.Equals(Activation);

    /// <summary>Labels with a majority among answers.</summary>
    public static LabelSet? MajorityOf(IEnumerable<LabelSet> answers)
    {
        LabelSet[] all = [.. answers];
        if (all.Length < 2)
            return null;
        string[] labels = [.. all.SelectMany(a => a.Labels).GroupBy(l => l).Where(g => 2 * g.Count() > all.Length).Select(g => g.Key)];
        bool none = 2 * all.Count(a => a.Labels.IsEmpty) > all.Length;
        return labels.Length > 0 || none ? LabelSet.Of(labels) : null;
    }
}
