using System.Collections.Immutable;
using System.Globalization;
using RefusalExplorer.Pipeline.Live;

namespace RefusalExplorer.Web.Live;

/// <summary>
/// Ends of the two drawings by layer. They grow with what is read and never shrink, so that lines do not jump while a slider is dragged. P("I") is
/// logarithmic, as on Explore: it rises by orders of magnitude over the layers, and a linear axis would show its last step only.
/// </summary>
/// <param name="Decade">Power of ten at the bottom of P("I"); the top is 1.</param>
/// <param name="Reach">Cosine at the top; the bottom is as far below 0.</param>
public readonly record struct LayerScale(int Decade, double Reach)
{
    private const int LeastDecade = -12;
    private const double Step = 0.05;

    /// <summary>The ends before anything is read.</summary>
    public static LayerScale Start { get; } = new(-3, 0.1);

    /// <summary>What stands at the bottom of P("I").</summary>
    public string Least => string.Create(CultureInfo.InvariantCulture, $"1e{Decade}");

    /// <summary>What stands at the top of the cosines.</summary>
    public string Most => Reach.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>The ends that show a reading too.</summary>
    public LayerScale With(LiveReading reading) => new(
        Math.Max(LeastDecade, reading.RefusalProbabilityByLayer.Where(p => p > 0).Select(p => (int)Math.Floor(Math.Log10(p))).Append(Decade).Min()),
        reading.Cosine.Where(float.IsFinite).Select(c => Math.Min(1, Math.Round(Math.Ceiling(Math.Abs(c) / Step) * Step, 2))).Append(Reach).Max());

    /// <summary>Powers of ten of P("I"), which are drawn in its stead.</summary>
    public static ImmutableArray<float> Decades(LiveReading reading) => [.. reading.RefusalProbabilityByLayer.Select(MathF.Log10)];
}
