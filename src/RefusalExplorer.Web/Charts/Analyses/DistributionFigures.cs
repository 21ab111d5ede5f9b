using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Analyses.Results;

namespace RefusalExplorer.Web.Charts.Analyses;

/// <summary>Strips of random draws with the value that is compared with them.</summary>
public static class DistributionFigures
{
    // Golden ratio: neighbours in a strip get heights far apart, the same ones at each drawing.
    private const double Golden = 0.6180339887498949;

    /// <summary>One strip a group, the first at the top.</summary>
    public static Figure Of(DistributionChart chart)
    {
        int groups = chart.Groups.Length;
        ImmutableArray<Rule> rules = [new Rule(chart.Value, chart.ValueName, SeriesRole.Intervened)];
        if (chart.Reference is { } reference)
            rules = rules.Add(new Rule(reference, chart.ReferenceName ?? "", SeriesRole.Baseline, Dashed: true));
        return new Figure
        {
            Description = $"{chart.Title}: {string.Join("; ", chart.Groups.Select(g => FormattableString.Invariant($"{g.Name} {g.Draws.Min():0.###} to {g.Draws.Max():0.###} {g.Note}")))}; {chart.ValueName} {FormattableString.Invariant($"{chart.Value:0.###}")}",
            Legend = false,
            Rules = rules,
            X = new AxisSpec { Title = chart.XTitle },
            Y = new AxisSpec
            {
                Range = (-0.6, groups - 0.1),
                Ticks = [.. chart.Groups.Select((g, i) => ((double)(groups - 1 - i), g.Note.Length > 0 ? $"{g.Name}<br>{g.Note}" : g.Name))],
            },
            Series =
            [
                .. chart.Groups.Select((g, i) => new Series
                {
                    Name = g.Name,
                    Kind = SeriesKind.Points,
                    Role = SeriesRole.Control,
                    X = Series.Of(g.Draws),
                    Y = Series.Of(g.Draws.Select((_, n) => groups - 1 - i + (0.5 * ((n * Golden % 1) - 0.5)))),
                    Sizes = [.. g.Draws.Select(_ => 8.0)],
                    Hover = [.. g.Draws.Select(d => FormattableString.Invariant($"{g.Name}: {d:0.####}"))],
                }),
            ],
        };
    }
}
