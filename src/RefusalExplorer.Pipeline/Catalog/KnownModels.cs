using System.Collections.Immutable;

namespace RefusalExplorer.Pipeline.Catalog;

/// <summary>The paper's two models, known without settings; a setting of the same name changes what it names.</summary>
public static class KnownModels
{
    /// <summary>
    /// L0 of the 65k GemmaScope SAE of layers 0 to 15 (paper, Table 3). They are not the canonical ones that Neuronpedia explains,
    /// but for layers 2, 11, 12, 13 and 14.
    /// </summary>
    private static readonly ImmutableArray<int> GemmaL0 = [43, 54, 77, 42, 46, 53, 56, 57, 59, 61, 66, 70, 72, 75, 73, 68];

    /// <summary>Gemma 2 2B with the GemmaScope SAEs that the paper used.</summary>
    public static ConfiguredModel Gemma { get; } = new()
    {
        Name = "gemma-2-2b-it",
        Description = "Gemma 2 2B instruct with 65k GemmaScope SAEs on layers 0 to 15, as in the paper",
        Repo = "google/gemma-2-2b-it",
        SaeRepo = "google/gemma-scope-2b-pt-res",
        SaePaths = GemmaL0.Select((l0, layer) => KeyValuePair.Create(layer, $"layer_{layer}/width_65k/average_l0_{l0}/params.npz"))
            .ToImmutableSortedDictionary(),
        RefusalTokens = [235285],
        // The reference reads the input of block 16, which is the output of block 15.
        DirectionLayer = 15,
        NeuronpediaModel = "gemma-2-2b",
        NeuronpediaSource = "{l}-gemmascope-res-65k",
    };

    /// <summary>Llama 3.1 8B with the LlamaScope SAEs that the paper used.</summary>
    public static ConfiguredModel Llama { get; } = new()
    {
        Name = "llama-3.1-8b-instruct",
        Description = "Llama 3.1 8B instruct with 131k LlamaScope SAEs on layers 0 to 15, as in the paper",
        Repo = "meta-llama/Llama-3.1-8B-Instruct",
        SaeRepo = "fnlp/Llama3_1-8B-Base-LXR-32x",
        Saes = "Llama3_1-8B-Base-L{l}R-32x",
        SaeLayers = [.. Enumerable.Range(0, 16)],
        RefusalTokens = [40],
        // The paper steers at layer 13, counted as the input of block 13: the output of block 12.
        DirectionLayer = 12,
        NeuronpediaModel = "llama3.1-8b",
        NeuronpediaSource = "{l}-llamascope-res-131k",
    };

    /// <summary>Both.</summary>
    public static ImmutableArray<ConfiguredModel> All { get; } = [Gemma, Llama];
}
