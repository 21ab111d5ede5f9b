namespace RefusalExplorer.Pipeline.Analyses.CausalLinks;

/// <summary>What an ablation does to other features (paper, "Causal Link between Stage2 and Stage3 features").</summary>
/// <param name="Active">Features that fire without it.</param>
/// <param name="Deactivated">Those of them that fall silent.</param>
/// <param name="MeanDrop">Mean relative drop of those that still fire; NaN if none does. Negative: they rise.</param>
/// <param name="Woken">Silent features that fire.</param>
internal sealed record LinkMeasure(int Active, int Deactivated, double MeanDrop, int Woken)
{
    /// <summary>Share of active features that fall silent; NaN of none.</summary>
    public double DeactivatedShare => Active == 0 ? double.NaN : (double)Deactivated / Active;

    /// <summary>Mean relative drop over all active features, those that fall silent counting as 1; NaN of none.</summary>
    public double TotalDrop => Active == 0 ? double.NaN : (Deactivated + (Active == Deactivated ? 0 : (Active - Deactivated) * MeanDrop)) / Active;

    /// <summary>Compares largest activations before and after, feature by feature.</summary>
    public static LinkMeasure Of(IReadOnlyList<double> before, IReadOnlyList<double> after)
    {
        int[] active = [.. Enumerable.Range(0, before.Count).Where(i => before[i] > 0)];
        double[] drops = [.. active.Where(i => after[i] > 0).Select(i => 1 - (after[i] / before[i]))];
        return new LinkMeasure(
            active.Length, active.Length - drops.Length, drops.Length == 0 ? double.NaN : drops.Average(),
            Enumerable.Range(0, before.Count).Count(i => before[i] <= 0 && after[i] > 0));
    }
}
