using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>How often activation and people agree on one label.</summary>
/// <param name="Label">The label, or "None".</param>
/// <param name="Activation">Items that have it by activation.</param>
/// <param name="People">Items that have it by majority.</param>
/// <param name="Both">Items that have it by both.</param>
public sealed record LabelMatch(string Label, int Activation, int People, int Both)
{
    /// <summary>Of the items that have it by activation, the share to which people gave it; NaN where there are none.</summary>
    public double Precision => (double)Both / Activation;

    /// <summary>Of the items to which people gave it, the share that has it by activation; NaN where there are none.</summary>
    public double Recall => (double)Both / People;

    /// <summary>2·both / (activation + people); NaN where it occurs on neither side.</summary>
    public double F1 => 2.0 * Both / (Activation + People);
}

/// <summary>
/// Labels by activation against the human majority. An item with several labels counts once for each label by activation:
/// on the diagonal where people gave it too, else beside each label that people gave instead, else as <see cref="Missed"/>.
/// </summary>
public static class LabelConfusion
{
    /// <summary>Column of labels that people did not give, to an item that they gave another of its labels.</summary>
    public const string Missed = "not given";

    /// <summary>Column of items on which no label has a majority.</summary>
    public const string NoMajority = "no majority";

    /// <summary>The matrix: rows by activation, columns by people.</summary>
    public static ConfusionMatrix<string> Of(IEnumerable<RatedItem> items, IEnumerable<string> labels) => ConfusionMatrix.Of(
        items.SelectMany(Pairs), [.. labels, HumanStudy.None, Missed, NoMajority]);

    /// <summary>Label by label, "None" last. Items without a majority count as having no label by people.</summary>
    public static ImmutableArray<LabelMatch> Match(IReadOnlyCollection<RatedItem> items, IEnumerable<string> labels) =>
    [
        .. labels.Append(HumanStudy.None).Select(label => new LabelMatch(
            label, items.Count(i => Has(i.Activation, label)), items.Count(i => Has(i.Majority, label)),
            items.Count(i => Has(i.Activation, label) && Has(i.Majority, label)))),
    ];

    private static bool Has(LabelSet? set, string label) =>
        set is not null && (label == HumanStudy.None ? set.Labels.IsEmpty : set.Labels.Contains(label));

    private static IEnumerable<(string Activation, string People)> Pairs(RatedItem item)
    {
        string[] activation = item.Activation.Labels.IsEmpty ? [HumanStudy.None] : [.. item.Activation.Labels];
        if (item.Majority is not { } majority)
            return activation.Select(a => (a, NoMajority));
        string[] people = majority.Labels.IsEmpty ? [HumanStudy.None] : [.. majority.Labels];
        string[] instead = [.. people.Except(activation)];
        return activation.SelectMany(a => people.Contains(a) ? [(a, a)] : instead.Length == 0 ? [(a, Missed)] : instead.Select(p => (a, p)));
    }
}
