using System.Collections.Immutable;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Pruning;

/// <summary>What one threshold decided along one chain.</summary>
/// <param name="Threshold">τ.</param>
/// <param name="Accepted">For each block whether it was accepted.</param>
/// <param name="Kept">K: the features of the accepted blocks, ascending.</param>
public sealed record ChainDecision(double Threshold, ImmutableArray<bool> Accepted, ImmutableArray<FeatureId> Kept);

/// <summary>One seed's chain of ablated sets A₀ ⊃ A₁ ⊃ …, and what every threshold decides along it.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Blocks">V₁, V₂, … in the order drawn; features beyond the last whole block are never drawn.</param>
/// <param name="Probabilities">P(A₀), P(A₁), …: one more than blocks.</param>
/// <param name="Changes">Δ₁, Δ₂, …</param>
/// <param name="Decisions">By threshold.</param>
public sealed record PruningChain(
    long Seed, ImmutableArray<ImmutableArray<FeatureId>> Blocks, ImmutableArray<double> Probabilities, ImmutableArray<double> Changes,
    ImmutableArray<ChainDecision> Decisions);

/// <summary>The features that every seed kept at one threshold.</summary>
/// <param name="Threshold">τ.</param>
/// <param name="Features">Ascending.</param>
public sealed record FaithfulSet(double Threshold, ImmutableArray<FeatureId> Features);

/// <summary>Stage 2 for one prompt.</summary>
/// <param name="Pool">C, the candidates.</param>
/// <param name="Chains">By seed.</param>
/// <param name="Sets">By threshold, over all seeds.</param>
/// <param name="Evaluations">Ablation sets evaluated.</param>
public sealed record PruningResult(
    ImmutableArray<FeatureId> Pool, ImmutableArray<PruningChain> Chains, ImmutableArray<FaithfulSet> Sets, int Evaluations);
