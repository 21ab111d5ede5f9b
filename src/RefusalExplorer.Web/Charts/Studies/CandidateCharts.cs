using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Statistics;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Web.Charts.Studies;

/// <summary>Stage 1: what ablating the top K of each layer does.</summary>
public static class CandidateCharts
{
    /// <summary>K against the share of prompts that it or a smaller K flips, and the mean P("I"); null before the sweep.</summary>
    public static Figure? Outcome(ImmutableArray<PromptResult> prompts)
    {
        PromptResult[] swept = [.. prompts.Where(p => !p.Sweep.IsEmpty)];
        if (swept.Length == 0)
            return null;
        int[] steps = [.. swept.SelectMany(p => p.Sweep).Select(k => k.K).Distinct().Order()];
        ConfidenceInterval[] flipped = [.. steps.Select(k => WilsonInterval.Of(swept.Count(p => p.SmallestK <= k), swept.Length))];
        double[] probability = [.. steps.Select(k => swept.SelectMany(p => p.Sweep.Where(s => s.K == k)).Average(s => s.Probability))];
        ImmutableArray<object> x = [.. steps.Select(k => (object)k)];
        return new Figure
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"K against outcome over {swept.Length} refused prompts: {flipped[^1].Estimate:0%} are flipped by K up to {steps[^1]}; mean P(“I”) falls to {probability[^1]:0.000}"),
            X = new AxisSpec { Title = "K, features a layer" },
            Y = new AxisSpec { Title = "share of prompts · P(“I”)", Range = (0, 1.02) },
            Series =
            [
                new Series
                {
                    Name = "jailbroken by this K or a smaller one", Band = true, Kind = SeriesKind.LineWithPoints, Role = SeriesRole.Intervened, X = x, Y = Series.Of(flipped.Select(f => f.Estimate)),
                    ErrorPlus = [.. flipped.Select(f => f.High - f.Estimate)], ErrorMinus = [.. flipped.Select(f => f.Estimate - f.Low)],
                    Hover = [.. steps.Select((k, i) => string.Create(CultureInfo.InvariantCulture, $"K = {k}: {swept.Count(p => p.SmallestK <= k)} of {swept.Length} prompts"))],
                },
                new Series { Name = "mean P(“I”)", Kind = SeriesKind.LineWithPoints, Role = SeriesRole.Baseline, X = x, Y = Series.Of(probability) },
            ],
        };
    }

    /// <summary>P("I") over K of one prompt, with the verdict of each response; null before the sweep.</summary>
    public static Figure? Curve(string name, ImmutableArray<KPoint> sweep, double baseline, string unit)
    {
        if (sweep.IsEmpty)
            return null;
        IEnumerable<Series> points = sweep.Where(k => k.Response is not null).GroupBy(k => k.Response!.Verdict.Kind).OrderBy(g => g.Key).Select(g => new Series
        {
            Name = g.Key.ToString().ToLowerInvariant(),
            Kind = SeriesKind.Points,
            Role = g.Key switch { VerdictKind.Complied => SeriesRole.Intervened, VerdictKind.Refused => SeriesRole.Baseline, _ => SeriesRole.Control },
            X = [.. g.Select(k => (object)k.K)],
            Y = Series.Of(g.Select(k => k.Probability)),
            Hover = [.. g.Select(k => string.Create(CultureInfo.InvariantCulture, $"K = {k.K} ({k.Features} features): P(“I”) {k.Probability:0.000}, {g.Key.ToString().ToLowerInvariant()}"))],
        });
        return new Figure
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"P(“I”) of {name} over K: from {baseline:0.000} without edits to {sweep[^1].Probability:0.000} at K = {sweep[^1].K}"),
            X = new AxisSpec { Title = unit },
            Y = new AxisSpec { Title = "P(“I”)", Range = (0, 1.02) },
            Series =
            [
                new Series { Name = "P(“I”)", Role = SeriesRole.Accent, X = [0, .. sweep.Select(k => (object)k.K)], Y = [baseline, .. sweep.Select(k => (object)k.Probability)] },
                .. points,
            ],
        };
    }
}
