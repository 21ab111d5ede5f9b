using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Pipeline.Directions;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Studies;

namespace RefusalExplorer.Web.Charts.Studies;

/// <summary>Stage 1: how the candidates for the direction score.</summary>
public static class DirectionCharts
{
    // More columns leave no room for numbers.
    private const int MostCellsWritten = 14;

    /// <summary>What a score says.</summary>
    public static string Explain(DirectionMetric metric) => metric switch
    {
        DirectionMetric.Bypass => "Refusal score on harmful prompts with the candidate projected out; lower is better",
        DirectionMetric.Induce => "Refusal score on harmless prompts with the candidate added; higher is better",
        _ => "KL(baseline ‖ projected out) on harmless prompts, nats; lower is better",
    };

    /// <summary>A score over positions and layers, with the chosen candidate marked.</summary>
    public static Figure Heat(DirectionScores scores, DirectionMetric metric, DirectionResult? chosen)
    {
        int[] layers = [.. scores.Candidates.Select(c => c.Layer).Distinct().Order()];
        int[] positions = [.. scores.Candidates.Select(c => c.Position).Distinct().Order()];
        var values = scores.Candidates.ToDictionary(c => (c.Position, c.Layer), c => Value(c, metric));
        var map = new Series
        {
            Name = Name(metric),
            Kind = SeriesKind.Heat,
            Diverging = metric != DirectionMetric.Kl,
            CellFormat = layers.Length <= MostCellsWritten ? ".2f" : null,
            X = Series.Of(layers.Select(Text)),
            Y = Series.Of(positions.Select(Text)),
            Z = [.. positions.Select(p => layers.Select(l => values.TryGetValue((p, l), out double v) && double.IsFinite(v) ? v : (double?)null).ToImmutableArray())],
        };
        bool marked = chosen is not null && layers.Contains(chosen.Block) && positions.Contains(chosen.Position);
        return new Figure
        {
            Description = $"{Name(metric)} score of {scores.Candidates.Length} candidates by layer and token position{(marked ? $"; chosen: layer {chosen!.Block}, position {chosen.Position}" : "")}",
            Legend = false,
            X = new AxisSpec { Title = "layer (input of block)", Category = true },
            Y = new AxisSpec { Title = "token position", Category = true },
            Series = !marked ? [map] :
            [
                map,
                new Series
                {
                    Name = "chosen", Kind = SeriesKind.Points, Role = SeriesRole.Accent, Ring = true, X = [Text(chosen!.Block)], Y = [Text(chosen.Position)],
                    Hover = [$"chosen: input of block {chosen.Block}, position {chosen.Position}"],
                },
            ],
        };
    }

    /// <summary>Both refusal scores by layer at one position, with the scores without edits.</summary>
    public static Figure ByLayer(DirectionScores scores, int position)
    {
        DirectionCandidate[] candidates = [.. scores.Candidates.Where(c => c.Position == position).OrderBy(c => c.Layer)];
        object[] ends = candidates.Length == 0 ? [] : [candidates[0].Layer, candidates[^1].Layer];
        Series Line(string name, SeriesRole role, Func<DirectionCandidate, double> value)
        {
            DirectionCandidate[] known = [.. candidates.Where(c => double.IsFinite(value(c)))];
            return new Series
            {
                Name = name,
                Role = role,
                Kind = SeriesKind.LineWithPoints,
                X = [.. known.Select(c => (object)c.Layer)],
                Y = Series.Of(known.Select(value)),
            };
        }
        Series Level(string name, SeriesRole role, double value) => new() { Name = name, Role = role, Dashed = true, X = [.. ends], Y = [.. ends.Select(_ => (object)value)] };
        return new Figure
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"Refusal scores by layer at position {position}: with the candidate projected out on harmful prompts, and added on harmless ones"),
            X = new AxisSpec { Title = "layer (input of block)" },
            Y = new AxisSpec { Title = "refusal score (log-odds)" },
            Series =
            [
                Line("bypass", SeriesRole.Intervened, c => c.Bypass), Level("harmful, no edit", SeriesRole.Intervened, scores.BaselineHarmful),
                Line("induce", SeriesRole.Baseline, c => c.Induce), Level("harmless, no edit", SeriesRole.Baseline, scores.BaselineHarmless),
            ],
        };
    }

    /// <summary>Attack success rate by layer, for the paper's selector; null where it did not run.</summary>
    public static Figure? AttackSuccess(DirectionResult direction)
    {
        int[] layers = [.. Enumerable.Range(0, direction.AttackSuccessRates.Length).Where(l => double.IsFinite(direction.AttackSuccessRates[l]))];
        return layers.Length == 0 ? null : new Figure
        {
            Description = $"Share of held-out harmful prompts answered with each layer's direction projected out; chosen: layer {direction.Block}",
            Legend = false,
            X = new AxisSpec { Title = "layer (input of block)" },
            Y = new AxisSpec { Title = "attack success rate", Range = (0, 1.02), TickFormat = ".0%" },
            Series = [new Series { Name = "attack success rate", Kind = SeriesKind.Bars, Role = SeriesRole.Intervened, X = [.. layers.Select(l => (object)l)], Y = Series.Of(layers.Select(l => direction.AttackSuccessRates[l])) }],
        };
    }

    private static double Value(DirectionCandidate c, DirectionMetric metric) => metric switch
    {
        DirectionMetric.Bypass => c.Bypass,
        DirectionMetric.Induce => c.Induce,
        _ => c.Kl,
    };

    private static string Name(DirectionMetric metric) => metric == DirectionMetric.Kl ? "KL" : metric.ToString().ToLowerInvariant();

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
