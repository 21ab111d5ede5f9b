using System.Collections.Immutable;

namespace RefusalExplorer.Engine.Models;

/// <summary>The architectures that the engine runs.</summary>
public enum ModelFamily
{
    /// <summary>Llama 2, 3, 3.1, 3.2 and models of the same form (the demo model).</summary>
    Llama,

    /// <summary>Gemma 2.</summary>
    Gemma2,
}

/// <summary>The "llama3" rope scaling of Llama 3.1 (transformers, <c>_compute_llama3_parameters</c>).</summary>
public sealed record Llama3RopeScaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalMaxPositions);

/// <summary>Everything about a model's form that its forward pass needs, whatever file it was read from.</summary>
public sealed record ModelConfig
{
    /// <summary>Architecture.</summary>
    public required ModelFamily Family { get; init; }

    /// <summary>L, blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>D, width of the residual stream.</summary>
    public required int ModelDim { get; init; }

    /// <summary>H, query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Width of a head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Width of the MLP.</summary>
    public required int MlpDim { get; init; }

    /// <summary>V, vocabulary rows of the embedding.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Longest sequence that the model was made for.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Rotary base.</summary>
    public required double RopeTheta { get; init; }

    /// <summary>Llama 3.1's scaling, or null.</summary>
    public Llama3RopeScaling? RopeScaling { get; init; }

    /// <summary>
    /// The same scaling as GGUF files store it: rotary frequency i is divided by factor i, [HeadDim / 2]. Empty: none. Never set together
    /// with <see cref="RopeScaling"/>.
    /// </summary>
    public ImmutableArray<float> RopeFrequencyFactors { get; init; } = [];

    /// <summary>RMSNorm epsilon.</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>Whether the unembedding is the embedding.</summary>
    public required bool TiedEmbeddings { get; init; }

    /// <summary>Gemma 2: attention logits become c·tanh(x/c). Null: none.</summary>
    public double? AttentionSoftcap { get; init; }

    /// <summary>Gemma 2: final logits become c·tanh(x/c). Null: none.</summary>
    public double? FinalSoftcap { get; init; }

    /// <summary>Queries are multiplied by this (1/√head, or Gemma 2's query_pre_attn_scalar^−½).</summary>
    public required double QueryScale { get; init; }

    /// <summary>Gemma 2: width of the sliding window, in tokens. Null: none.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>For each block whether its attention slides; empty where none does.</summary>
    public ImmutableArray<bool> SlidingLayers { get; init; } = [];

    /// <summary>The beginning-of-sequence id, if the configuration names one.</summary>
    public int? BosId { get; init; }

    /// <summary>Every id that ends a generation (generation_config first, then config).</summary>
    public ImmutableArray<int> EosIds { get; init; } = [];

    /// <summary>Whether block <paramref name="layer"/> attends within <see cref="SlidingWindow"/> only.</summary>
    public bool IsSliding(int layer) => SlidingWindow is not null && layer < SlidingLayers.Length && SlidingLayers[layer];
}
