using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>How well annotators agree on one label: chosen or not.</summary>
/// <param name="Label">The label, or "None".</param>
/// <param name="Kappa">Fleiss' κ over the items that all annotators answered, with a bootstrap interval over items; NaN where it is undefined.</param>
/// <param name="Alpha">Krippendorff's α (nominal), which also takes items that some left out.</param>
/// <param name="Chosen">Answers with the label.</param>
public sealed record LabelAgreement(string Label, ConfidenceInterval Kappa, ConfidenceInterval Alpha, int Chosen);

/// <summary>How well annotators agree.</summary>
public sealed record Agreement
{
    private const int Resamples = 1000;
    private const double Level = 0.95;

    /// <summary>Krippendorff's α of the label sets, by MASI distance.</summary>
    public required ConfidenceInterval Masi { get; init; }

    /// <summary>Krippendorff's α of the label sets, where sets either are equal or are not.</summary>
    public required ConfidenceInterval Nominal { get; init; }

    /// <summary>Label by label, "None" last.</summary>
    public required ImmutableArray<LabelAgreement> ByLabel { get; init; }

    /// <summary>Items that all annotators answered: κ rests on these.</summary>
    public required int Complete { get; init; }

    /// <summary>Items that at least two answered: α rests on these.</summary>
    public required int Pairable { get; init; }

    /// <summary>Measures it.</summary>
    /// <param name="items">The items.</param>
    /// <param name="labels">The study's labels.</param>
    /// <param name="annotators">Number of annotators.</param>
    /// <param name="seed">Seed of the bootstrap.</param>
    public static Agreement Of(IReadOnlyList<RatedItem> items, IReadOnlyList<string> labels, int annotators, long seed)
    {
        RatedItem[] complete = [.. items.Where(i => i.Answers.Count == annotators && annotators > 1)];
        RatedItem[] pairable = [.. items.Where(i => i.Answers.Count > 1)];
        // Distances are looked up: a resample asks for the same few pairs again and again.
        LabelSet[] kinds = [.. pairable.SelectMany(i => i.Answers.Values).Distinct()];
        Dictionary<LabelSet, int> codes = kinds.Index().ToDictionary(k => k.Item, k => k.Index);
        double[][] masi = [.. kinds.Select(a => kinds.Select(b => RatingDistance.Masi(a, b)).ToArray())];
        int[][] units = [.. pairable.Select(i => i.Answers.Values.Select(v => codes[v]).ToArray())];
        return new Agreement
        {
            Masi = Interval(units.Length, picked => KrippendorffAlpha.Of(picked.Select(i => units[i]), (a, b) => masi[a][b]), seed),
            Nominal = Interval(units.Length, picked => KrippendorffAlpha.Of(picked.Select(i => units[i]), RatingDistance.Nominal), seed),
            ByLabel = [.. labels.Append(HumanStudy.None).Select(label => Of(label, complete, pairable, seed))],
            Complete = complete.Length,
            Pairable = pairable.Length,
        };
    }

    private static LabelAgreement Of(string label, RatedItem[] complete, RatedItem[] pairable, long seed)
    {
        int[][] counts = [.. complete.Select(i => i.Answers.Values.Count(a => Has(a, label))).Zip(complete, (n, i) => new[] { i.Answers.Count - n, n })];
        bool[][] units = [.. pairable.Select(i => i.Answers.Values.Select(a => Has(a, label)).ToArray())];
        return new LabelAgreement(
            label,
            Interval(counts.Length, picked => FleissKappa.Of([.. picked.Select(i => counts[i])]).Kappa, seed),
            Interval(units.Length, picked => KrippendorffAlpha.Of(picked.Select(i => units[i]), RatingDistance.Nominal), seed),
            units.Sum(u => u.Count(chosen => chosen)));
    }

    private static bool Has(LabelSet answer, string label) => label == HumanStudy.None ? answer.Labels.IsEmpty : answer.Labels.Contains(label);

    /// <summary>A percentile bootstrap interval; NaN where the statistic is undefined, as for a label that nobody ever chose.</summary>
    internal static ConfidenceInterval Interval(int items, Func<IReadOnlyList<int>, double> statistic, long seed)
    {
        if (items == 0 || double.IsNaN(statistic([.. Enumerable.Range(0, items)])))
            return new ConfidenceInterval(double.NaN, double.NaN, double.NaN, Level);
        return Bootstrap.Percentile(items, statistic, Resamples, Level, seed).Interval;
    }
}
