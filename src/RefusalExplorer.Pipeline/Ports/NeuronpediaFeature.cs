using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Ports;

/// <summary>What Neuronpedia has of a feature (<c>GET /api/feature/{model}/{source}/{index}</c>).</summary>
public sealed record NeuronpediaFeature
{
    /// <summary>Explanations in its order; may be empty.</summary>
    public ImmutableArray<Explanation> Explanations { get; init; } = [];

    /// <summary>Largest activation over its corpus.</summary>
    public double? MaxActivation { get; init; }

    /// <summary>Fraction of its corpus' tokens on which the feature is not zero.</summary>
    public double? Density { get; init; }

    /// <summary>Tokens that the decoder row raises most, largest first.</summary>
    public ImmutableArray<NeuronpediaLogit> PositiveLogits { get; init; } = [];

    /// <summary>Tokens that it lowers most, lowest first.</summary>
    public ImmutableArray<NeuronpediaLogit> NegativeLogits { get; init; } = [];

    /// <summary>Activations that are not zero.</summary>
    public NeuronpediaHistogram Activations { get; init; } = NeuronpediaHistogram.Empty;

    /// <summary>Logit weights over the vocabulary.</summary>
    public NeuronpediaHistogram Logits { get; init; } = NeuronpediaHistogram.Empty;

    /// <summary>Features of the same SAE with the largest decoder cosine.</summary>
    public ImmutableArray<NeuronpediaNeighbour> Similar { get; init; } = [];

    /// <summary>Texts that activate it, strongest first.</summary>
    public ImmutableArray<NeuronpediaExample> Examples { get; init; } = [];
}

/// <summary>A token with the logit that a decoder row gives it.</summary>
/// <param name="Token">Its text.</param>
/// <param name="Value">The logit weight.</param>
public sealed record NeuronpediaLogit(string Token, double Value);

/// <summary>A histogram: as many heights as values.</summary>
/// <param name="Values">Where the bars are.</param>
/// <param name="Heights">How many fall there.</param>
public sealed record NeuronpediaHistogram(ImmutableArray<double> Values, ImmutableArray<double> Heights)
{
    /// <summary>No bars.</summary>
    public static NeuronpediaHistogram Empty { get; } = new([], []);
}

/// <summary>A feature nearby.</summary>
/// <param name="Index">Its index in the same SAE.</param>
/// <param name="Cosine">Cosine of the decoder rows.</param>
public sealed record NeuronpediaNeighbour(int Index, double Cosine);

/// <summary>A text with the feature's activation on each token.</summary>
/// <param name="Tokens">Tokens' texts, T.</param>
/// <param name="Values">Activations, T.</param>
public sealed record NeuronpediaExample(ImmutableArray<string> Tokens, ImmutableArray<double> Values)
{
    /// <summary>The largest activation.</summary>
    public double Max => Values.IsEmpty ? 0 : Values.Max();

    /// <summary>The token that has it.</summary>
    public int MaxIndex => Values.IsEmpty ? -1 : Values.IndexOf(Max);
}
