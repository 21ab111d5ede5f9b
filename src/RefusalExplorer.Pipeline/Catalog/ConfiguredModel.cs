using System.Collections.Immutable;
using RefusalExplorer.Engine.Saes;

namespace RefusalExplorer.Pipeline.Catalog;

/// <summary>A model as the settings name it (section <c>Models</c>).</summary>
public sealed record ConfiguredModel
{
    /// <summary>Name on pages and on the command line.</summary>
    public required string Name { get; init; }

    /// <summary>One line that says what it is.</summary>
    public string Description { get; init; } = "";

    /// <summary>A GGUF file or a folder with <c>config.json</c>; null where <see cref="Repo"/> says where the weights come from.</summary>
    public string? Path { get; init; }

    /// <summary>Repository on the model hub (<c>google/gemma-2-2b-it</c>); its files are looked for in the hub cache.</summary>
    public string? Repo { get; init; }

    /// <summary>Path of the SAE of a layer with <c>{l}</c> for the layer, relative to <see cref="SaeRepo"/>'s snapshot if one is named.</summary>
    public string? Saes { get; init; }

    /// <summary>SAE paths by layer, where they follow no pattern (GemmaScope's canonical L0s). Wins over <see cref="Saes"/>.</summary>
    public ImmutableSortedDictionary<int, string> SaePaths { get; init; } = ImmutableSortedDictionary<int, string>.Empty;

    /// <summary>Layers that <see cref="Saes"/> stands for.</summary>
    public ImmutableArray<int> SaeLayers { get; init; } = [];

    /// <summary>Repository of the SAEs on the model hub.</summary>
    public string? SaeRepo { get; init; }

    /// <summary>How LlamaScope SAEs gate.</summary>
    public SaeGatingRule? GatingRule { get; init; }

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:n</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary><c>float32</c> or <c>bfloat16</c>.</summary>
    public string Dtype { get; init; } = "float32";

    /// <summary>Chat template preset; null is the model's own.</summary>
    public string? Template { get; init; }

    /// <summary>Ids of P("I"); empty: as the tokenizer has "I".</summary>
    public ImmutableArray<int> RefusalTokens { get; init; } = [];

    /// <summary>Residual that the default direction is read at: the output of this 0-based block. Null: chosen by the selector.</summary>
    public int? DirectionLayer { get; init; }

    /// <summary>Neuronpedia's model id.</summary>
    public string? NeuronpediaModel { get; init; }

    /// <summary>Neuronpedia's source with <c>{l}</c> for the layer.</summary>
    public string? NeuronpediaSource { get; init; }
}
