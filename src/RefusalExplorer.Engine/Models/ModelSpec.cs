using System.Collections.Immutable;
using RefusalExplorer.Engine.Saes;

namespace RefusalExplorer.Engine.Models;

/// <summary>Where a model and its SAEs are, and how to run them. Equal specs are one loaded model, and specs of one checkpoint, device and type share its weights.</summary>
public sealed record ModelSpec
{
    /// <summary>Name on pages and in records (<c>demo</c>, <c>gemma-2-2b-it</c>).</summary>
    public required string Name { get; init; }

    /// <summary>A GGUF file, or a folder with <c>config.json</c> and safetensors.</summary>
    public required string Path { get; init; }

    /// <summary>SAE file or folder by 0-based layer.</summary>
    public ImmutableSortedDictionary<int, string> Saes { get; init; } = ImmutableSortedDictionary<int, string>.Empty;

    /// <summary>How LlamaScope SAEs gate; null is the loader's default.</summary>
    public SaeGatingRule? GatingRule { get; init; }

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:n</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary><c>float32</c> or <c>bfloat16</c>.</summary>
    public string Dtype { get; init; } = "float32";

    /// <summary>Chat template preset; null is the model's own template.</summary>
    public string? Template { get; init; }

    /// <summary>Ids whose probability is the refusal probability; empty: the id of "I" as the tokenizer has it at the start of an answer.</summary>
    public ImmutableArray<int> RefusalTokens { get; init; } = [];

    /// <summary>Neuronpedia's model id, if it has one.</summary>
    public string? NeuronpediaModel { get; init; }

    /// <summary>Neuronpedia's source by layer with <c>{l}</c> for the layer (<c>{l}-gemmascope-res-65k</c>), if it has one.</summary>
    public string? NeuronpediaSource { get; init; }

    /// <summary>Whether the weights in memory are the same for both: SAEs, template, refusal tokens and names are light beside them.</summary>
    public bool SharesWeights(ModelSpec other) => Path == other.Path && Device == other.Device && Dtype == other.Dtype;

    /// <inheritdoc/>
    public bool Equals(ModelSpec? other) => other is not null && Key == other.Key;

    /// <inheritdoc/>
    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);

    private string Key => string.Join('|', Name, Path, GatingRule, Device, Dtype, Template, string.Join(',', RefusalTokens),
        string.Join(',', Saes.Select(s => $"{s.Key}={s.Value}")));
}
