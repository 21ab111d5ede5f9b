using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Pipeline.Statistics;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Studies;

namespace RefusalExplorer.Web.Charts.Studies;

/// <summary>How often each arm jailbreaks, with Wilson's interval.</summary>
public static class RateCharts
{
    /// <summary>The arms of a study; null before the first.</summary>
    public static Figure? Of(ImmutableArray<StudyRate> rates) => rates.IsEmpty ? null : Make(
        string.Join("; ", rates.Select(r => $"{StudyWords.Of(r.Arm)}: {StudyWords.Of(r.Complied, r.Runs)} jailbroken")), false,
        [Bars("jailbroken", SeriesRole.Intervened, rates) with { PointRoles = [.. rates.Reverse().Select(r => Role(r.Arm))] }]);

    /// <summary>The arms of two studies beside each other; null where neither has one.</summary>
    public static Figure? Of(string nameA, ImmutableArray<StudyRate> a, string nameB, ImmutableArray<StudyRate> b)
    {
        StudyArm[] arms = [.. a.Concat(b).Select(r => r.Arm).Distinct().Order()];
        return arms.Length == 0 ? null : Make(
            $"Share jailbroken by arm: {nameA} and {nameB}", true,
            // Plotly draws the first series lowest, and names in the order in which they first come: all arms are there in both.
            [Bars(nameB, SeriesRole.Intervened, Filled(b, arms)), Bars(nameA, SeriesRole.Baseline, Filled(a, arms))]);
    }

    /// <summary>What a bar stands for: our sets, the bounds, or what nothing is expected of.</summary>
    private static SeriesRole Role(StudyArm arm) => arm switch
    {
        StudyArm.Baseline => SeriesRole.Baseline,
        StudyArm.Directional => SeriesRole.Accent,
        StudyArm.RandomControl => SeriesRole.Control,
        _ => SeriesRole.Intervened,
    };

    private static ImmutableArray<StudyRate> Filled(ImmutableArray<StudyRate> rates, StudyArm[] arms) =>
        [.. arms.Select(arm => rates.FirstOrDefault(r => r.Arm == arm) ?? new StudyRate(arm, 0, 0, 0, 0, new ConfidenceInterval(0, 0, 0, 0.95)))];

    private static Figure Make(string description, bool legend, ImmutableArray<Series> series) => new()
    {
        Description = description,
        Legend = legend,
        X = new AxisSpec { Title = "share jailbroken", Range = (0, 1.02), TickFormat = ".0%" },
        Y = new AxisSpec { Category = true },
        Series = series,
    };

    private static Series Bars(string name, SeriesRole role, ImmutableArray<StudyRate> rates)
    {
        StudyRate[] upwards = [.. rates.Reverse()];
        return new Series
        {
            Name = name,
            Kind = SeriesKind.BarsAcross,
            Role = role,
            X = Series.Of(upwards.Select(r => r.Interval.Estimate)),
            Y = Series.Of(upwards.Select(r => StudyWords.Of(r.Arm))),
            ErrorPlus = [.. upwards.Select(r => r.Interval.High - r.Interval.Estimate)],
            ErrorMinus = [.. upwards.Select(r => r.Interval.Estimate - r.Interval.Low)],
            Hover = [.. upwards.Select(r => r.Runs == 0 ? $"{name}, {StudyWords.Of(r.Arm)}: not run" : string.Create(CultureInfo.InvariantCulture, $"{name}, {StudyWords.Of(r.Arm)}: {r.Complied} of {r.Runs} ({r.Interval.Estimate:0%}, {r.Interval.Low:0%}–{r.Interval.High:0%}); {r.Degenerate} degenerate; mean P(“I”) {r.MeanProbability:0.000}"))],
        };
    }
}
