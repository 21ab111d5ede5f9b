using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Pipeline.Interactions;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Studies;

namespace RefusalExplorer.Web.Charts.Studies;

/// <summary>Stage 3: how the machine learns, what it adds, and what that does to Stage 2's features.</summary>
public static class InteractionCharts
{
    /// <summary>Losses by epoch; null before the first.</summary>
    public static Figure? Loss(ImmutableArray<EpochMetrics> curve, int? best) => curve.IsEmpty ? null : new Figure
    {
        Description = string.Create(CultureInfo.InvariantCulture, $"Binary cross-entropy over {curve.Length} epochs: training ends at {curve[^1].TrainLoss:0.000}, validation at {curve[^1].ValidationLoss:0.000}{(best is { } b ? $"; epoch {b} is kept" : "")}"),
        X = new AxisSpec { Title = "epoch" },
        Y = new AxisSpec { Title = "binary cross-entropy" },
        Series = [Line("training", SeriesRole.Baseline, curve, e => e.TrainLoss), Line("validation", SeriesRole.Intervened, curve, e => e.ValidationLoss)],
    };

    /// <summary>Accuracy and AUC on the validation samples by epoch; null before the first.</summary>
    public static Figure? Quality(ImmutableArray<EpochMetrics> curve, int? best) => curve.IsEmpty ? null : new Figure
    {
        Description = string.Create(CultureInfo.InvariantCulture, $"Validation accuracy ends at {curve[^1].Validation.Accuracy:0.000}, AUC at {curve[^1].Validation.Auc:0.000}{(best is { } b ? $"; epoch {b} is kept" : "")}"),
        X = new AxisSpec { Title = "epoch" },
        Y = new AxisSpec { Title = "on validation samples", Range = (0, 1.02) },
        Series = [Line("accuracy", SeriesRole.Accent, curve, e => e.Validation.Accuracy), Line("AUC", SeriesRole.Baseline, curve, e => e.Validation.Auc)],
    };

    /// <summary>K added features against the share of prompts jailbroken by it or a smaller K, and mean P("I") with and without Stage 2's; null before the sweep.</summary>
    public static Figure? Added(ImmutableArray<PromptResult> prompts)
    {
        InteractionPromptResult[] third = [.. prompts.Select(p => p.Interactions).OfType<InteractionPromptResult>().Where(i => !i.Sweep.IsEmpty)];
        if (third.Length == 0)
            return null;
        int[] steps = [.. third.SelectMany(i => i.Sweep).Select(k => k.K).Distinct().Order()];
        ImmutableArray<object> x = [.. steps.Select(k => (object)k)];
        double[] flipped = [.. steps.Select(k => (double)third.Count(i => i.SmallestK <= k) / third.Length)];
        double Mean(int k, Func<InteractionPromptResult, int, double> value) =>
            third.SelectMany(i => i.Sweep.Select((s, n) => (s.K, Value: value(i, n)))).Where(s => s.K == k).Average(s => s.Value);
        return new Figure
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"Features added to the active minimal ones: {flipped[^1]:0%} of {third.Length} prompts are jailbroken by K up to {steps[^1]}"),
            X = new AxisSpec { Title = "K, features added by interaction" },
            Y = new AxisSpec { Title = "share of prompts · P(“I”)", Range = (0, 1.02) },
            Series =
            [
                new Series { Name = "jailbroken by this K or a smaller one", Kind = SeriesKind.LineWithPoints, Role = SeriesRole.Intervened, X = x, Y = Series.Of(flipped) },
                new Series { Name = "mean P(“I”)", Role = SeriesRole.Baseline, X = x, Y = Series.Of(steps.Select(k => Mean(k, (i, n) => i.Sweep[n].Probability))) },
                new Series { Name = "mean P(“I”), added alone", Role = SeriesRole.Control, Dashed = true, X = x, Y = Series.Of(steps.Select(k => Mean(k, (i, n) => i.AloneProbabilities[n]))) },
            ],
        };
    }

    /// <summary>For each prompt the share of active minimal features that the added ones silence; null without links.</summary>
    public static Figure? Links(ImmutableArray<PromptResult> prompts)
    {
        (int Index, CausalLink Link)[] links = [.. prompts.Where(p => p.Interactions?.Link is { Active: > 0 }).Select(p => (p.Index, p.Interactions!.Link!))];
        ImmutableArray<object> x = Series.Of(links.Select(l => StudyWords.Prompt(l.Index)));
        return links.Length == 0 ? null : new Figure
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"Causal link: ablating Stage 3’s features silences {links.Average(l => (double)l.Link.Deactivated / l.Link.Active):0%} of the active minimal features on average"),
            X = new AxisSpec { Title = "prompt", Category = true },
            Y = new AxisSpec { Title = "share of the active ones", Range = (0, 1.02), TickFormat = ".0%" },
            Series =
            [
                new Series
                {
                    Name = "silenced", Kind = SeriesKind.Bars, Role = SeriesRole.Intervened, X = x, Y = Series.Of(links.Select(l => (double)l.Link.Deactivated / l.Link.Active)),
                    Hover = [.. links.Select(l => $"{StudyWords.Prompt(l.Index)}: {l.Link.Deactivated} of {l.Link.Active} active minimal features fall silent")],
                },
                new Series { Name = "mean drop of the others", Kind = SeriesKind.Bars, Role = SeriesRole.Control, X = x, Y = Series.Of(links.Select(l => l.Link.MeanDrop ?? 0)) },
            ],
        };
    }

    /// <summary>The linear probe's top features against the share of prompts that they jailbreak.</summary>
    public static Figure Probe(ProbeResult probe) => new()
    {
        Description = $"The linear probe’s top features flip {string.Join(", ", probe.Points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Flipped} of {probe.Prompts} at K = {p.K}")))}",
        X = new AxisSpec { Title = "K, features of the probe", Category = true },
        Y = new AxisSpec { Title = "share of prompts · P(“I”)", Range = (0, 1.02) },
        Series =
        [
            new Series { Name = "jailbroken", Kind = SeriesKind.Bars, Role = SeriesRole.Intervened, X = Steps(probe), Y = Series.Of(probe.Points.Select(p => (double)p.Flipped / Math.Max(1, probe.Prompts))) },
            new Series { Name = "mean P(“I”)", Kind = SeriesKind.LineWithPoints, Role = SeriesRole.Baseline, X = Steps(probe), Y = Series.Of(probe.Points.Select(p => p.MeanProbability)) },
        ],
    };

    private static ImmutableArray<object> Steps(ProbeResult probe) => Series.Of(probe.Points.Select(p => p.K.ToString(CultureInfo.InvariantCulture)));

    private static Series Line(string name, SeriesRole role, ImmutableArray<EpochMetrics> curve, Func<EpochMetrics, double> value)
    {
        EpochMetrics[] known = [.. curve.Where(e => double.IsFinite(value(e)))];
        return new Series { Name = name, Kind = SeriesKind.LineWithPoints, Role = role, X = [.. known.Select(e => (object)e.Epoch)], Y = Series.Of(known.Select(value)) };
    }
}
