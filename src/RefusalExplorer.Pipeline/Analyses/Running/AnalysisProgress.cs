namespace RefusalExplorer.Pipeline.Analyses.Running;

/// <summary>Where an analysis stands.</summary>
/// <param name="Phase">What it does now.</param>
/// <param name="Done">Pieces of this phase that are done.</param>
/// <param name="Total">Pieces of this phase; 0 where it has none to count.</param>
/// <param name="Waiting">Pieces of others' work before the next one of ours.</param>
public sealed record AnalysisProgress(string Phase, int Done = 0, int Total = 0, int Waiting = 0)
{
    /// <summary>Share done, or null.</summary>
    public double? Fraction => Total > 0 ? (double)Done / Total : null;
}
