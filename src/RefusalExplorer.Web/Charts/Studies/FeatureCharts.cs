using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Studies;
using RefusalExplorer.Web.Studies;

namespace RefusalExplorer.Web.Charts.Studies;

/// <summary>The features that are left: how many, where, and which prompts share them.</summary>
public static class FeatureCharts
{
    // More columns leave no room for numbers.
    private const int MostCellsWritten = 12;

    private static readonly ImmutableArray<(double At, string Text)> Decades = [(1, "1"), (10, "10"), (100, "100"), (1000, "1,000"), (10_000, "10,000")];

    /// <summary>From prompts to minimal sets, as far as the study has come: of a stage that has not begun there is no bar, which would say that it found nothing.</summary>
    public static Figure Prompts(StudyResult result)
    {
        StudyFunnel f = result.Funnel;
        List<(string Name, double Value)> steps = [("prompts", f.Prompts), ("refused", f.Refused)];
        if (StudyWords.Reached(result, StudyStage.Candidates))
            steps.Add(("flipped", f.Flipped));
        if (StudyWords.Reached(result, StudyStage.Prune))
            steps.Add(("minimal set", f.Minimal));
        return Funnel("prompts", f.Prompts, steps, log: false);
    }

    /// <summary>From candidates to needed features, medians over prompts; null before the sweep.</summary>
    public static Figure? Features(StudyFunnel f)
    {
        (string Name, double? Value)[] all =
            [("candidates", f.CandidateFeatures), ("pruned", f.PrunedFeatures), ("minimal", f.MinimalFeatures), ("needed", f.NeededFeatures)];
        (string Name, double Value)[] steps = [.. all.Where(s => s.Value is not null).Select(s => (s.Name, s.Value!.Value))];
        return steps.Length == 0 ? null : Funnel("features a prompt, median", steps[0].Value, steps, log: true);
    }

    /// <summary>Distinct minimal features by layer, and how many sets they are in; null before there are some.</summary>
    public static Figure? Layers(StudyResult result)
    {
        if (result.Features.IsEmpty)
            return null;
        int[] layers = [.. Enumerable.Range(result.Layers[0], result.Layers[^1] - result.Layers[0] + 1)];
        var byLayer = result.Features.ToLookup(f => f.Feature.Layer);
        ImmutableArray<object> x = [.. layers.Select(l => (object)l)];
        return new Figure
        {
            Description = $"Minimal features by layer: {string.Join(", ", layers.Where(byLayer.Contains).Select(l => string.Create(CultureInfo.InvariantCulture, $"{byLayer[l].Count()} in layer {l}")))}",
            X = new AxisSpec { Title = "layer (output of the block)" },
            Y = new AxisSpec { Title = "distinct features", Ticks = AxisSpec.Whole(layers.Max(l => byLayer[l].Count())) },
            Stacked = true,
            Series =
            [
                new Series { Name = "in one set", Kind = SeriesKind.Bars, Role = SeriesRole.Control, X = x, Y = [.. layers.Select(l => (object)byLayer[l].Count(f => f.Prompts == 1))] },
                new Series { Name = "in several", Kind = SeriesKind.Bars, Role = SeriesRole.Intervened, X = x, Y = [.. layers.Select(l => (object)byLayer[l].Count(f => f.Prompts > 1))] },
            ],
        };
    }

    /// <summary>Jaccard overlap of the prompts' minimal sets as a matrix; null for less than two.</summary>
    public static Figure? Overlap(ImmutableArray<PromptRowResult> prompts)
    {
        PromptRowResult[] minimal = [.. prompts.Where(p => !p.Minimal.IsEmpty)];
        if (minimal.Length < 2)
            return null;
        HashSet<FeatureId>[] sets = [.. minimal.Select(p => p.Minimal.ToHashSet())];
        double Share(int a, int b)
        {
            int common = sets[a].Count(sets[b].Contains);
            return (double)common / (sets[a].Count + sets[b].Count - common);
        }
        string[] names = [.. minimal.Select(p => StudyWords.Prompt(p.Index))];
        double[] pairs = [.. from a in Enumerable.Range(0, sets.Length) from b in Enumerable.Range(0, a) select Share(a, b)];
        return new Figure
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"Overlap (Jaccard) of {minimal.Length} minimal sets: {pairs.Average():0.00} on average, {pairs.Max():0.00} at most"),
            Legend = false,
            X = new AxisSpec { Title = "prompt", Category = true },
            Y = new AxisSpec { Title = "prompt", Category = true },
            Series =
            [
                new Series
                {
                    Name = "Jaccard", Kind = SeriesKind.Heat, ZMax = 1, CellFormat = names.Length <= MostCellsWritten ? ".2f" : null, X = Series.Of(names), Y = Series.Of(names),
                    Z = [.. names.Select((_, a) => names.Select((_, b) => (double?)Math.Round(Share(a, b), 3)).ToImmutableArray())],
                },
            ],
        };
    }

    private static Figure Funnel(string what, double first, IReadOnlyList<(string Name, double Value)> steps, bool log) => new()
    {
        Description = $"{what}: {string.Join(", ", steps.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Value:0.#} {s.Name}")))}",
        Legend = false,
        X = new AxisSpec { Title = what, Log = log, Range = log ? null : (0, Math.Max(1, first * 1.05)), Ticks = log ? Decades : AxisSpec.Whole((int)first) },
        Y = new AxisSpec { Category = true },
        Series =
        [
            new Series
            {
                Name = what, Kind = SeriesKind.BarsAcross, Role = SeriesRole.Accent,
                // Plotly draws the first name at the bottom.
                X = Series.Of(steps.Reverse().Select(s => s.Value)),
                Y = Series.Of(steps.Reverse().Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Name} {s.Value:0.#}"))),
            },
        ],
    };
}
