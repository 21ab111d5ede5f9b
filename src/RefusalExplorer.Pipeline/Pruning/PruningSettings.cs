using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Pruning;

/// <summary>Settings of Algorithm 1; the defaults are the paper's.</summary>
public sealed record PruningSettings
{
    /// <summary>N, features in a block.</summary>
    public int BlockSize { get; init; } = 5;

    /// <summary>τ, thresholds on the relative change Δ.</summary>
    public ImmutableArray<double> Thresholds { get; init; } = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];

    /// <summary>One chain of blocks for each seed; a feature is kept if all chains keep it. The paper gives three, without their numbers.</summary>
    public ImmutableArray<long> Seeds { get; init; } = [0, 1, 2];

    internal void Check()
    {
        if (BlockSize < 1)
            throw new PipelineException($"pruning: block size {BlockSize}; expected at least 1");
        if (Thresholds.IsEmpty || Thresholds.Any(double.IsNaN))
            throw new PipelineException("pruning: expected at least one threshold τ, each a number");
        if (Seeds.IsEmpty)
            throw new PipelineException("pruning: expected at least one seed");
    }
}
