using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Statistics;

namespace RefusalExplorer.Pipeline.HumanStudies;

/// <summary>How one annotator labels, compared with the others.</summary>
public sealed record AnnotatorReport
{
    /// <summary>Who.</summary>
    public required Annotator Annotator { get; init; }

    /// <summary>Whether the annotator's answers count.</summary>
    public required bool Counted { get; init; }

    /// <summary>Features answered.</summary>
    public required int Features { get; init; }

    /// <summary>Mean number of labels of a feature; NaN without answers.</summary>
    public required double LabelsPerFeature { get; init; }

    /// <summary>Mean of 1 − MASI distance to each other annotator on each shared feature; NaN where there is none.</summary>
    public required ConfidenceInterval Similarity { get; init; }

    /// <summary>For each label and "None": how much oftener than the others (mean over shared features of own choice minus the others' mean).</summary>
    public required ImmutableArray<ConfidenceInterval> Bias { get; init; }

    /// <summary>Catch trials answered.</summary>
    public required int Catches { get; init; }

    /// <summary>Catch trials whose known label was not chosen, or on which a label was chosen where there is none.</summary>
    public required int CatchFailures { get; init; }

    /// <summary>Repeats answered.</summary>
    public required int Repeats { get; init; }

    /// <summary>Repeats whose answer was the same as the first time.</summary>
    public required int RepeatsEqual { get; init; }

    /// <summary>Median seconds an item was looked at; NaN where that is not known.</summary>
    public required double MedianSeconds { get; init; }

    /// <summary>Reports on an annotator.</summary>
    /// <param name="state">The study.</param>
    /// <param name="annotator">Who.</param>
    /// <param name="counted">Numbers of the annotators to compare with.</param>
    public static AnnotatorReport Of(HumanStudyState state, Annotator annotator, ImmutableHashSet<int> counted)
    {
        ImmutableArray<StudyAnswer> answers = state.Sheet(annotator.Number).Answers();
        Dictionary<string, LabelSet> own = answers.ToDictionary(a => a.Item, a => LabelSet.Of(a.Labels));
        Dictionary<string, LabelSet>[] others =
        [
            .. state.Roster.Annotators.Where(a => a.Number != annotator.Number && counted.Contains(a.Number))
                .Select(a => state.Sheet(a.Number).Answers().ToDictionary(s => s.Item, s => LabelSet.Of(s.Labels))),
        ];
        StudyItem[] features = [.. Answered(ItemKind.Feature)], catches = [.. Answered(ItemKind.Catch)];
        StudyItem[] repeats = [.. Answered(ItemKind.Repeat).Where(i => own.ContainsKey(i.RepeatOf!))];
        (LabelSet Own, LabelSet[] Others)[] shared =
            [.. features.Select(i => (own[i.Id], others.Where(o => o.ContainsKey(i.Id)).Select(o => o[i.Id]).ToArray())).Where(s => s.Item2.Length > 0)];
        return new AnnotatorReport
        {
            Annotator = annotator,
            Counted = counted.Contains(annotator.Number),
            Features = features.Length,
            LabelsPerFeature = Moments.Mean(features.Select(i => (double)own[i.Id].Labels.Count)),
            Similarity = Mean(shared.Select(s => 1 - s.Others.Average(o => RatingDistance.Masi(s.Own, o)))),
            Bias = [.. state.Study.Labels.Append(HumanStudy.None).Select(label => Mean(shared.Select(s => Chosen(s.Own, label) - s.Others.Average(o => Chosen(o, label)))))],
            Catches = catches.Length,
            CatchFailures = catches.Count(i => i.Labels.IsEmpty ? !own[i.Id].Labels.IsEmpty : !i.Labels.All(own[i.Id].Labels.Contains)),
            Repeats = repeats.Length,
            RepeatsEqual = repeats.Count(i => own[i.Id].Equals(own[i.RepeatOf!])),
            MedianSeconds = Median([.. answers.Select(a => a.Seconds).OfType<double>()]),
        };

        IEnumerable<StudyItem> Answered(ItemKind kind) => state.Study.Items.Where(i => i.Kind == kind && own.ContainsKey(i.Id));

        ConfidenceInterval Mean(IEnumerable<double> values)
        {
            double[] all = [.. values];
            return Agreement.Interval(all.Length, picked => picked.Count == 0 ? double.NaN : picked.Average(i => all[i]), state.Study.Settings.Seed);
        }
    }

    private static double Chosen(LabelSet answer, string label) =>
        (label == HumanStudy.None ? answer.Labels.IsEmpty : answer.Labels.Contains(label)) ? 1 : 0;

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values.Length == 0 ? double.NaN : Bootstrap.Quantile(values, 0.5);
    }
}
