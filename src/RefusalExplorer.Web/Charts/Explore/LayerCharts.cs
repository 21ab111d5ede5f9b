using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Explore;
using RefusalExplorer.Web.Runs;

namespace RefusalExplorer.Web.Charts.Explore;

/// <summary>Where along the layers a prompt turns towards refusal, with and without the edits.</summary>
public static class LayerCharts
{
    private static readonly Arm[] Shown = [Arm.Baseline, Arm.Intervened, Arm.RandomControl];

    /// <summary>Cosine of the last prompt token's residual to the refusal direction, layer by layer.</summary>
    public static Figure? Cosine(IReadOnlyDictionary<Arm, ArmState> arms) =>
        Make(arms, a => a.Cosine, "Cosine to the refusal direction by layer", new AxisSpec { Title = "cosine" });

    /// <summary>
    /// P("I") that each layer's residual would give (logit lens). Logarithmic: it rises by orders of magnitude over the layers, and a linear axis
    /// would show its last step only.
    /// </summary>
    public static Figure? RefusalProbability(IReadOnlyDictionary<Arm, ArmState> arms) =>
        Make(arms, a => a.RefusalProbabilityByLayer, "P(“I”) read off each layer", new AxisSpec { Title = "P(“I”)", Log = true, TickFormat = "~e" });

    private static Figure? Make(IReadOnlyDictionary<Arm, ArmState> arms, Func<ArmResult, ImmutableArray<float>> values, string what, AxisSpec y)
    {
        ImmutableArray<Series> series =
        [
            .. Shown.Where(a => arms.TryGetValue(a, out ArmState? view) && values(view.Arm).Length > 0).Select(arm =>
            {
                ImmutableArray<float> of = values(arms[arm].Arm);
                return new Series
                {
                    Name = arm == Arm.RandomControl ? "Random" : ArmNames.Of(arm),
                    Role = Role(arm),
                    Dashed = arm == Arm.RandomControl,
                    X = [.. Enumerable.Range(0, of.Length).Select(l => (object)l)],
                    Y = [.. of.Select(v => (object)(double)v)],
                    Hover = [.. of.Select((v, l) => FormattableString.Invariant($"{ArmNames.Of(arm)}, {Place(l, of.Length)}: {Numbers.Brief(v)}"))],
                };
            }),
        ];
        return series.IsEmpty ? null : new Figure
        {
            Description = $"{what}: {string.Join("; ", series.Select(s => FormattableString.Invariant($"{s.Name} ends at {Numbers.Brief((double)s.Y[^1])}")))}",
            Series = series,
            X = new AxisSpec { Title = "residual before block" },
            Y = y,
        };
    }

    private static string Place(int layer, int count) => layer == count - 1 ? "after the last block" : $"before block {layer}";

    private static SeriesRole Role(Arm arm) => arm switch
    {
        Arm.Baseline => SeriesRole.Baseline,
        Arm.Intervened => SeriesRole.Intervened,
        _ => SeriesRole.Control,
    };
}
