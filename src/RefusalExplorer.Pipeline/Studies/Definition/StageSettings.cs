using System.Collections.Immutable;
using RefusalExplorer.Pipeline.Candidates;
using RefusalExplorer.Pipeline.Interactions;
using RefusalExplorer.Pipeline.Judging;
using RefusalExplorer.Pipeline.Pruning;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>How responses are generated: greedily.</summary>
public sealed record StudyGeneration
{
    /// <summary>Most tokens of a response (the reference: 512).</summary>
    public int MaxNewTokens { get; init; } = 512;

    /// <summary>Responses generated side by side.</summary>
    public int Batch { get; init; } = 8;
}

/// <summary>How responses are judged: emptiness, repetition, then refusal phrases.</summary>
public sealed record StudyJudge
{
    /// <summary>Refusal phrases; empty: the reference's with those of the sibling repository.</summary>
    public ImmutableArray<string> Phrases { get; init; } = [];

    /// <summary>Fewer words are no attempt to answer.</summary>
    public int FewestWords { get; init; } = 3;

    /// <summary>The judges of these settings together.</summary>
    public VerdictPanel Panel() =>
        new([new EmptinessDetector(), new RepetitionDetector(), Phrases.IsEmpty ? new SubstringJudge() : new SubstringJudge(Phrases)], FewestWords);
}

/// <summary>How the direction is chosen among the candidates.</summary>
public enum DirectionSelector
{
    /// <summary>The reference's rule: least bypass score after discarding by KL, induce score and layer.</summary>
    Reference,

    /// <summary>The paper's appendix: final token, the layer with the highest attack success rate on held-out prompts.</summary>
    AttackSuccessRate,

    /// <summary>The hook and position that the definition names.</summary>
    Fixed,
}

/// <summary>Stage 1, direction (paper, appendix "Deriving a Refusal Steering Vector"; FACTS "Refusal direction").</summary>
public sealed record DirectionStageSettings
{
    /// <summary>An existing direction instead: a folder of the reference's files, a safetensors file with <c>direction</c>, or a stored id.</summary>
    public string? Use { get; init; }

    /// <summary>How it is chosen.</summary>
    public DirectionSelector Selector { get; init; }

    /// <summary>Hook of <see cref="DirectionSelector.Fixed"/> and of an imported bare vector: <c>blocks.16.hook_resid_pre</c>.</summary>
    public string? Hook { get; init; }

    /// <summary>Position of <see cref="DirectionSelector.Fixed"/>, from the prompt's end.</summary>
    public int Position { get; init; } = -1;

    /// <summary>Prompts of each kind for the means.</summary>
    public int TrainCount { get; init; } = 128;

    /// <summary>Held-out prompts of each kind for the scores.</summary>
    public int ValidationCount { get; init; } = 32;

    /// <summary>Seed of the sample.</summary>
    public long Seed { get; init; } = 42;

    /// <summary>Leaves out harmful prompts that the model does not refuse and harmless ones that it does.</summary>
    public bool Filter { get; init; } = true;

    /// <summary>Positions that are scored; null: all end-of-instruction tokens.</summary>
    public ImmutableArray<int>? Positions { get; init; }

    /// <summary>Layers (blocks' inputs) that are scored; null: all.</summary>
    public ImmutableArray<int>? Layers { get; init; }

    /// <summary>Scores the candidates for the heat map even where the selector needs no scores.</summary>
    public bool Score { get; init; }

    /// <summary>Candidates with a larger KL are discarded.</summary>
    public double MaxKl { get; init; } = 0.1;

    /// <summary>Candidates with a smaller induce score are discarded.</summary>
    public double MinInduce { get; init; }

    /// <summary>Candidates in this share of the last layers are discarded.</summary>
    public double DroppedLayerShare { get; init; } = 0.2;
}

/// <summary>Stage 1, candidates (paper, "Selecting a Top-K candidate set").</summary>
public sealed record CandidateStageSettings
{
    /// <summary>K, features a layer, ascending.</summary>
    public ImmutableArray<int> Steps { get; init; } = CandidateSweep.PaperSteps;

    /// <summary>Layers of the candidates; null: those with an SAE up to the direction's.</summary>
    public ImmutableArray<int>? Layers { get; init; }

    /// <summary>Layers left out (the paper's "layers 1 and 2", which are the 0-based 0 and 1).</summary>
    public ImmutableArray<int> ExcludedLayers { get; init; } = CandidateRanking.ExcludedByDefault;
}

/// <summary>Which random features are ablated for comparison.</summary>
public enum ControlFeatures
{
    /// <summary>Features that are active on the prompt (paper, "Comparison with random features"), as many in each layer as the minimal set has.</summary>
    Active,

    /// <summary>Any features of the same layers.</summary>
    Any,
}

/// <summary>Stage 2 (paper, Algorithm 1).</summary>
public sealed record PruneStageSettings
{
    /// <summary>N.</summary>
    public int BlockSize { get; init; } = 5;

    /// <summary>τ.</summary>
    public ImmutableArray<double> Thresholds { get; init; } = new PruningSettings().Thresholds;

    /// <summary>A chain for each seed; a feature is kept if all keep it.</summary>
    public ImmutableArray<long> Seeds { get; init; } = new PruningSettings().Seeds;

    /// <summary>Random sets of the minimal set's size that are ablated for comparison.</summary>
    public int Controls { get; init; } = 1;

    /// <summary>What they are drawn from.</summary>
    public ControlFeatures ControlFeatures { get; init; }

    /// <summary>Proves by leaving out one feature at a time that each kept one is needed, and drops those that are not.</summary>
    public bool LeaveOneOut { get; init; }

    /// <summary>P("I") at or below this share of the baseline's counts as working in that proof.</summary>
    public double LeaveOneOutShare { get; init; } = 0.5;

    internal PruningSettings Algorithm => new() { BlockSize = BlockSize, Thresholds = Thresholds, Seeds = Seeds };
}

/// <summary>Which features are ablated together with those that Stage 3 adds.</summary>
public enum InteractionBase
{
    /// <summary>The minimal set's features that are active on the prompt: the paper's, whose Stage 3 loses the redundant ones.</summary>
    ActiveMinimal,

    /// <summary>The whole minimal set.</summary>
    Minimal,
}

/// <summary>Stage 3 (paper, "Interaction Discovery" and appendix "Dataset for training Factorization Machines").</summary>
public sealed record InteractionStageSettings
{
    /// <summary>Tokens of each prompt, from its end.</summary>
    public int LastTokens { get; init; } = 4;

    /// <summary>Lowest layer; the highest is the direction's.</summary>
    public int FirstLayer { get; init; } = 2;

    /// <summary>Prompts of each kind; null: as many as both sets have.</summary>
    public int? Take { get; init; }

    /// <summary>How tokens become samples.</summary>
    public TokenPooling Pooling { get; init; }

    /// <summary>How activations are scaled.</summary>
    public ActivationScaling Scaling { get; init; }

    /// <summary>Share of prompts to train on.</summary>
    public double TrainShare { get; init; } = 0.8;

    /// <summary>Share of prompts to choose the epoch by.</summary>
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>Size of a feature's embedding.</summary>
    public int EmbeddingSize { get; init; } = 20;

    /// <summary>Adam's step.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Passes over the training samples.</summary>
    public int Epochs { get; init; } = 20;

    /// <summary>Samples in a step.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>What Adam does with unused parameters.</summary>
    public AdamVariant Adam { get; init; }

    /// <summary>Standard deviation of the embeddings at the start.</summary>
    public double InitialDeviation { get; init; } = 0.01;

    /// <summary>How cosines to several Stage 2 features become one.</summary>
    public SimilarityPooling Similarity { get; init; }

    /// <summary>What is ablated with them.</summary>
    public InteractionBase Base { get; init; }

    /// <summary>K, features added, ascending (the paper: 100, 200, … 2000).</summary>
    public ImmutableArray<int> Steps { get; init; } = [.. Enumerable.Range(1, 20).Select(i => 100 * i)];

    /// <summary>Trains a linear probe on the same data and ablates its top features for comparison.</summary>
    public bool LinearProbe { get; init; }

    /// <summary>K of the probe (the paper: 100, 500, 1000, 2000).</summary>
    public ImmutableArray<int> ProbeSteps { get; init; } = [100, 500, 1000, 2000];

    internal InteractionDatasetSettings Dataset(long seed) => new()
    {
        LastTokens = LastTokens,
        Pooling = Pooling,
        Scaling = Scaling,
        TrainShare = TrainShare,
        ValidationShare = ValidationShare,
        Seed = seed,
    };

    internal FactorizationMachineSettings Machine(long seed) => new()
    {
        EmbeddingSize = EmbeddingSize,
        LearningRate = LearningRate,
        Epochs = Epochs,
        BatchSize = BatchSize,
        Adam = Adam,
        InitialDeviation = InitialDeviation,
        Seed = seed,
    };
}
