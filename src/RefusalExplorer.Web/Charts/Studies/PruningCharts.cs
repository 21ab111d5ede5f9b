using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Pipeline.Studies;

namespace RefusalExplorer.Web.Charts.Studies;

/// <summary>Stage 2: what Algorithm 1 decides, step by step and threshold by threshold.</summary>
public static class PruningCharts
{
    private const double LeastChange = 1e-3;

    // Whole steps alone; above so many Plotly's own ticks are whole.
    private const int FewSteps = 10;

    // Lines that lie closer (in powers of ten) share one label.
    private const double LabelGap = 0.25;

    /// <summary>P("I") while the blocks are given back one after another, a line for each seed.</summary>
    public static Figure Steps(string name, PruneResult pruned, double baseline) => new()
    {
        Description = string.Create(CultureInfo.InvariantCulture, $"P(“I”) of {name} as blocks of candidates are given back: from {pruned.Chains[0].Probabilities[0]:0.000} with all {pruned.Pool.Length} ablated; {baseline:0.000} without edits"),
        X = StepAxis(pruned),
        Y = new AxisSpec { Title = "P(“I”)", Range = (0, 1.02) },
        Series =
        [
            .. pruned.Chains.Select(c => new Series
            {
                Name = string.Create(CultureInfo.InvariantCulture, $"seed {c.Seed}"),
                X = [.. Enumerable.Range(0, c.Probabilities.Length).Select(i => (object)i)],
                Y = Series.Of(c.Probabilities),
            }),
            Level("no edit", baseline, pruned),
        ],
    };

    /// <summary>Δ of each step on a logarithmic axis, with all thresholds: a block is kept at τ where its point lies above the line.</summary>
    public static Figure Changes(string name, PruneResult pruned)
    {
        ChainResult[] chains = [.. pruned.Chains];
        return new Figure
        {
            Description = $"Relative change Δ of P(“I”) at each step of {name}, with the {pruned.Sets.Length} thresholds: {string.Join(", ", pruned.Sets.Select(s => string.Create(CultureInfo.InvariantCulture, $"{chains.Sum(c => c.Changes.Count(d => d >= s.Threshold))} blocks at τ = {s.Threshold}")))}",
            X = StepAxis(pruned),
            Y = new AxisSpec { Title = "Δ", Log = true, Ticks = ChangeTicks(pruned) },
            Series =
            [
                .. chains.Select(c => new Series
                {
                    Name = string.Create(CultureInfo.InvariantCulture, $"seed {c.Seed}"),
                    Kind = SeriesKind.Points,
                    X = [.. Enumerable.Range(1, c.Changes.Length).Select(i => (object)i)],
                    // What is too small to be drawn lies on the axis, far below every threshold.
                    Y = Series.Of(c.Changes.Select(d => double.IsFinite(d) ? Math.Max(LeastChange, d) : 1)),
                    Hover = [.. c.Changes.Select((d, i) => string.Create(CultureInfo.InvariantCulture, $"seed {c.Seed}, step {i + 1}: Δ {d:0.0000}; {string.Join(' ', c.Blocks[i])}"))],
                }),
                Thresholds(pruned),
            ],
        };
    }

    /// <summary>What each threshold keeps of one prompt's candidates, and P("I") with that ablated.</summary>
    public static Figure Kept(string name, PruneResult pruned) => new()
    {
        Description = $"Features of {name} that all seeds keep: {string.Join(", ", pruned.Sets.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Features.Length} at τ = {s.Threshold}")))}",
        Legend = false,
        X = new AxisSpec { Title = "τ", Category = true },
        Y = Kept(pruned.Sets.Max(s => s.Features.Length)),
        Series = [.. pruned.Sets.GroupBy(Role).Select(g => new Series
        {
            Name = g.Key == SeriesRole.Intervened ? "jailbreaks" : "does not",
            Kind = SeriesKind.Bars,
            Role = g.Key,
            X = Series.Of(g.Select(s => Text(s.Threshold))),
            Y = [.. g.Select(s => (object)s.Features.Length)],
            Hover = [.. g.Select(s => string.Create(CultureInfo.InvariantCulture, $"τ = {s.Threshold}: {s.Features.Length} features{(s.Response is { } r ? $", P(“I”) {r.Probability:0.000}, {r.Verdict.Kind.ToString().ToLowerInvariant()}" : "")}"))],
        })],
    };

    /// <summary>Over all pruned prompts: the share that each threshold's set still jailbreaks.</summary>
    public static Figure? Outcome(ImmutableArray<PromptResult> prompts)
    {
        PruneResult[] pruned = [.. prompts.Select(p => p.Prune).OfType<PruneResult>()];
        if (pruned.Length == 0)
            return null;
        double[] thresholds = [.. pruned[0].Sets.Select(s => s.Threshold)];
        int[] works = [.. thresholds.Select((_, t) => pruned.Count(p => p.Sets[t].Response is { Complied: true }))];
        double[] probability = [.. thresholds.Select((_, t) => pruned.Select(p => p.Sets[t].Response).OfType<JudgedResponse>().Select(r => r.Probability).DefaultIfEmpty(double.NaN).Average())];
        return new Figure
        {
            Description = $"Of {pruned.Length} pruned prompts the kept sets still jailbreak {string.Join(", ", thresholds.Select((t, i) => string.Create(CultureInfo.InvariantCulture, $"{works[i]} at τ = {t}")))}",
            X = new AxisSpec { Title = "τ", Category = true },
            Y = new AxisSpec { Title = "share of prompts · P(“I”)", Range = (0, 1.02) },
            Series =
            [
                new Series { Name = "jailbroken", Kind = SeriesKind.Bars, Role = SeriesRole.Intervened, X = Series.Of(thresholds.Select(Text)), Y = Series.Of(works.Select(w => (double)w / pruned.Length)) },
                new Series
                {
                    Name = "mean P(“I”)", Kind = SeriesKind.LineWithPoints, Role = SeriesRole.Baseline,
                    X = Series.Of(thresholds.Where((_, i) => double.IsFinite(probability[i])).Select(Text)), Y = Series.Of(probability.Where(double.IsFinite)),
                },
            ],
        };
    }

    /// <summary>Over all pruned prompts: how many features each threshold keeps.</summary>
    public static Figure? Sizes(ImmutableArray<PromptResult> prompts)
    {
        PruneResult[] pruned = [.. prompts.Select(p => p.Prune).OfType<PruneResult>()];
        if (pruned.Length == 0)
            return null;
        double[] thresholds = [.. pruned[0].Sets.Select(s => s.Threshold)];
        int[][] sizes = [.. thresholds.Select((_, t) => pruned.Select(p => p.Sets[t].Features.Length).Order().ToArray())];
        return new Figure
        {
            Description = $"Median features that all seeds keep: {string.Join(", ", thresholds.Select((t, i) => string.Create(CultureInfo.InvariantCulture, $"{sizes[i][sizes[i].Length / 2]} at τ = {t}")))}",
            Legend = false,
            X = new AxisSpec { Title = "τ", Category = true },
            Y = Kept(sizes.Max(s => s[^1])),
            Series =
            [
                new Series
                {
                    Name = "features kept", Kind = SeriesKind.LineWithPoints, Role = SeriesRole.Accent, X = Series.Of(thresholds.Select(Text)),
                    Y = [.. sizes.Select(s => (object)s[s.Length / 2])],
                    ErrorPlus = [.. sizes.Select(s => (double)s[3 * (s.Length - 1) / 4] - s[s.Length / 2]).Select(d => Math.Max(0, d))],
                    ErrorMinus = [.. sizes.Select(s => (double)s[s.Length / 2] - s[(s.Length - 1) / 4])],
                },
            ],
        };
    }

    private static AxisSpec Kept(int most) => new() { Title = "features kept", Ticks = AxisSpec.Whole(most) };

    private static AxisSpec StepAxis(PruneResult pruned) =>
        new() { Title = "step (blocks given back)", Ticks = AxisSpec.Whole(pruned.Chains.Max(c => c.Changes.Length), FewSteps) };

    /// <summary>All τ as one series, so that the legend has one name: a line for each, with gaps between.</summary>
    private static Series Thresholds(PruneResult pruned)
    {
        int last = pruned.Chains.Max(c => c.Changes.Length);
        double[] levels = [.. pruned.Sets.Select(s => s.Threshold)];
        return new Series
        {
            Name = levels.Length == 1 ? $"τ = {Text(levels[0])}" : $"τ from {Text(levels[0])} to {Text(levels[^1])}",
            Role = SeriesRole.Control,
            Dashed = true,
            X = [.. levels.SelectMany(_ => (object[])[0, last, null!])],
            Y = [.. levels.SelectMany(t => (object[])[t, t, null!])],
        };
    }

    /// <summary>The axis names the thresholds themselves, and powers of ten elsewhere.</summary>
    private static ImmutableArray<(double At, string Text)> ChangeTicks(PruneResult pruned)
    {
        List<(double At, string Text)> ticks = [(LeastChange, $"≤ {Text(LeastChange)}")];
        IEnumerable<(double At, string Text)> wanted = [.. pruned.Sets.Select(s => (s.Threshold, $"τ {Text(s.Threshold)}")), (0.01, "0.01"), (0.1, "0.1"), (1, "1"), (10, "10")];
        foreach ((double at, string text) in wanted)
        {
            if (ticks.All(t => Math.Abs(Math.Log10(t.At) - Math.Log10(at)) >= LabelGap))
                ticks.Add((at, text));
        }
        return [.. ticks.OrderBy(t => t.At)];
    }

    private static Series Level(string name, double value, PruneResult pruned) => new()
    {
        Name = name,
        Role = SeriesRole.Control,
        Dashed = true,
        X = [0, pruned.Chains.Max(c => c.Changes.Length)],
        Y = [value, value],
    };

    private static SeriesRole Role(ThresholdSet set) => set.Response is { Complied: true } ? SeriesRole.Intervened : SeriesRole.Control;

    private static string Text(double threshold) => threshold.ToString(CultureInfo.InvariantCulture);
}
