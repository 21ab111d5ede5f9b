using System.Collections.Immutable;
using System.Text.Json.Serialization;
using RefusalExplorer.Engine;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>How far a prompt came.</summary>
public enum PromptOutcome
{
    /// <summary>The model does not refuse it: left out (paper, "Dataset").</summary>
    NotRefused,

    /// <summary>Refused; the sweep over K has not been run.</summary>
    Refused,

    /// <summary>No K of the sweep jailbreaks it.</summary>
    NotFlipped,

    /// <summary>A K jailbreaks it; not pruned yet.</summary>
    Flipped,

    /// <summary>Pruned, and no threshold's set still jailbreaks it.</summary>
    Lost,

    /// <summary>It has a minimal set whose ablation jailbreaks it.</summary>
    Minimal,
}

/// <summary>Everything that a study found of one prompt.</summary>
public sealed record PromptResult
{
    /// <summary>0-based place among the study's prompts.</summary>
    public required int Index { get; init; }

    /// <summary>The user's message.</summary>
    public required string Instruction { get; init; }

    /// <summary>Its topic.</summary>
    public string? Category { get; init; }

    /// <summary>How far it came.</summary>
    public required PromptOutcome Outcome { get; init; }

    /// <summary>Without edits.</summary>
    public required JudgedResponse Baseline { get; init; }

    /// <summary>With the direction projected out of every block: the upper bound for feature sets.</summary>
    public required JudgedResponse Directional { get; init; }

    /// <summary>The sweep over K.</summary>
    public ImmutableArray<KPoint> Sweep { get; init; } = [];

    /// <summary>The smallest K that jailbreaks.</summary>
    public int? SmallestK { get; init; }

    /// <summary>Stage 2.</summary>
    public PruneResult? Prune { get; init; }

    /// <summary>Stage 3.</summary>
    public InteractionPromptResult? Interactions { get; init; }

    /// <summary>The minimal set's features; empty if there is none.</summary>
    public IReadOnlyList<FeatureId> MinimalFeatures => Prune?.Minimal is { } m ? Prune.Sets[m].Features : [];
}

/// <summary>One K of a sweep.</summary>
/// <param name="K">Features a layer (Stage 1) or in all (Stage 3).</param>
/// <param name="Features">Features ablated.</param>
/// <param name="Probability">P("I") with them ablated.</param>
/// <param name="Response">The response; null beyond the K that flipped it.</param>
public sealed record KPoint(int K, int Features, double Probability, JudgedResponse? Response);

/// <summary>Stage 2 of one prompt.</summary>
public sealed record PruneResult
{
    /// <summary>C, the candidates of the smallest K.</summary>
    public required ImmutableArray<FeatureId> Pool { get; init; }

    /// <summary>A chain for each seed.</summary>
    public required ImmutableArray<ChainResult> Chains { get; init; }

    /// <summary>By threshold, ascending: what all seeds kept, with the response under its ablation.</summary>
    public required ImmutableArray<ThresholdSet> Sets { get; init; }

    /// <summary>Place in <see cref="Sets"/> of the smallest set that jailbreaks; null if none does.</summary>
    public int? Minimal { get; init; }

    /// <summary>For each feature of the minimal set its largest activation on the prompt without edits; 0: silent, and yet kept.</summary>
    public ImmutableArray<float> Activations { get; init; } = [];

    /// <summary>Random sets of the same size.</summary>
    public ImmutableArray<ControlResult> Controls { get; init; } = [];

    /// <summary>The proof by leaving out one feature at a time, if asked for.</summary>
    public ExactResult? Exact { get; init; }
}

/// <summary>One seed's chain; A₀ is the pool, each step gives one block back.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Blocks">V₁, V₂, …</param>
/// <param name="Probabilities">P(A₀), P(A₁), …</param>
/// <param name="Changes">Δ₁, Δ₂, …; a block is kept at τ if Δ ≥ τ.</param>
public sealed record ChainResult(
    long Seed, ImmutableArray<ImmutableArray<FeatureId>> Blocks, ImmutableArray<double> Probabilities, ImmutableArray<double> Changes);

/// <summary>What all seeds kept at a threshold.</summary>
/// <param name="Threshold">τ.</param>
/// <param name="Features">Ascending.</param>
/// <param name="Response">Under its ablation; null for an empty set.</param>
public sealed record ThresholdSet(double Threshold, ImmutableArray<FeatureId> Features, JudgedResponse? Response);

/// <summary>A random set.</summary>
/// <param name="Features">Ascending.</param>
/// <param name="Inactive">How many of them are silent on the prompt, because their layer has too few active ones.</param>
/// <param name="Response">Under its ablation.</param>
public sealed record ControlResult(ImmutableArray<FeatureId> Features, int Inactive, JudgedResponse Response);

/// <summary>The proof by leaving out one feature at a time.</summary>
/// <param name="Limit">P at or below which the ablation counts as working.</param>
/// <param name="Works">Whether the minimal set itself is below it.</param>
/// <param name="IsMinimal">Whether each remaining feature is needed.</param>
/// <param name="Features">What remains, ascending.</param>
/// <param name="Without">P with each of them left out.</param>
/// <param name="Evaluations">Ablation sets evaluated.</param>
/// <param name="Response">Under the ablation of what remains.</param>
public sealed record ExactResult(
    double Limit, bool Works, bool IsMinimal, ImmutableArray<FeatureId> Features, ImmutableArray<double> Without, int Evaluations, JudgedResponse Response);

/// <summary>Stage 3 of one prompt.</summary>
public sealed record InteractionPromptResult
{
    /// <summary>Why there is none; null where there is.</summary>
    public string? Reason { get; init; }

    /// <summary>What is ablated together with the added features.</summary>
    public ImmutableArray<FeatureId> Base { get; init; } = [];

    /// <summary>Minimal features without an embedding: they never fired in the training samples.</summary>
    public ImmutableArray<FeatureId> Unknown { get; init; } = [];

    /// <summary>Under the ablation of the base alone.</summary>
    public JudgedResponse? BaseResponse { get; init; }

    /// <summary>The sweep over K added features, ablated with the base.</summary>
    public ImmutableArray<KPoint> Sweep { get; init; } = [];

    /// <summary>P("I") with the added features of each K alone.</summary>
    public ImmutableArray<double> AloneProbabilities { get; init; } = [];

    /// <summary>The smallest K that jailbreaks.</summary>
    public int? SmallestK { get; init; }

    /// <summary>The added features of that K, or of the largest, most similar first.</summary>
    public ImmutableArray<FeatureId> Added { get; init; } = [];

    /// <summary>The added features where they jailbreak; none where no K does, for the largest K's features are then no finding.</summary>
    [JsonIgnore]
    public ImmutableArray<FeatureId> Found => SmallestK is null ? [] : Added;

    /// <summary>Of each added feature the pooled cosine of its embedding to those of the minimal features.</summary>
    public ImmutableArray<double> Similarities { get; init; } = [];

    /// <summary>Under the ablation of the added features alone (paper, "Causal Link between Stage2 and Stage3 features", question 1).</summary>
    public JudgedResponse? AloneResponse { get; init; }

    /// <summary>What their ablation does to the minimal features (question 2).</summary>
    public CausalLink? Link { get; init; }
}

/// <summary>What ablating Stage 3's features does to Stage 2's.</summary>
/// <param name="Active">Minimal features that are active on the prompt.</param>
/// <param name="Deactivated">Those of them that fall silent.</param>
/// <param name="MeanDrop">Mean relative drop of the largest activation of those that stay active; null if none does.</param>
/// <param name="Woken">Minimal features that were silent and fire.</param>
public sealed record CausalLink(int Active, int Deactivated, double? MeanDrop, int Woken);
