using System.Collections.Immutable;
using RefusalExplorer.Engine.Checkpoints;
using RefusalExplorer.Engine.Kernels;
using RefusalExplorer.Engine.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace RefusalExplorer.Engine.Models;

/// <summary>Loads a <see cref="ModelSpec"/>: checkpoint and tokenizer, and with them its template and refusal tokens.</summary>
public static class ModelLoader
{
    private static readonly Lazy<ThreadTeam> Team = new(() => new ThreadTeam(get_num_threads()));

    /// <summary>Loads a model. Call on the engine thread.</summary>
    /// <param name="spec">What to load, and where to.</param>
    /// <param name="progress">Told the share of blocks loaded, 0 to 1.</param>
    /// <exception cref="EngineException">A bad device, data type or template name.</exception>
    /// <exception cref="CheckpointFormatException">The files are missing or broken.</exception>
    public static LanguageModel Load(ModelSpec spec, IProgress<double>? progress = null)
    {
        Device device = ParseDevice(spec.Device);
        ScalarType dtype = ParseDtype(spec.Dtype);
        using OpenedCheckpoint checkpoint = CheckpointReader.Open(spec.Path);
        // Before the weights, which take long: a wrong name of a template is told at once.
        OpenedTokenizer? tokenizer = OpenTokenizer(checkpoint);
        IChatTemplate? template = Template(spec, tokenizer);
        bool quantizedKernels = device.type == DeviceType.CPU && dtype == ScalarType.Float32;
        using var noGrad = no_grad();
        var transformer = new Transformer(
            checkpoint.Config, checkpoint.Weights, new LoadTarget(dtype, device, quantizedKernels ? Team.Value : null), progress);
        return new LanguageModel(
            spec, new LoadedWeights(transformer, tokenizer, checkpoint.Weights.Fingerprint), template, RefusalTokens(spec, tokenizer));
    }

    /// <summary>The model of a spec on the weights of another that <see cref="ModelSpec.SharesWeights"/> with it; cheap.</summary>
    /// <exception cref="EngineException">A bad template name.</exception>
    public static LanguageModel View(ModelSpec spec, LanguageModel loaded)
    {
        OpenedTokenizer? tokenizer = loaded.Weights.Tokenizer;
        return new LanguageModel(spec, loaded.Weights, Template(spec, tokenizer), RefusalTokens(spec, tokenizer));
    }

    /// <summary>Reads <c>cpu</c>, <c>cuda</c> or <c>cuda:n</c>.</summary>
    /// <exception cref="EngineException">Another name, or a GPU that is not there.</exception>
    public static Device ParseDevice(string name)
    {
        if (name == "cpu")
            return CPU;
        if (name != "cuda" && !name.StartsWith("cuda:", StringComparison.Ordinal))
            throw new EngineException($"device '{name}': expected cpu, cuda or cuda:<n>");
        if (!cuda.is_available())
            throw new EngineException($"device '{name}': no CUDA device here, or LibTorch was built without CUDA; use cpu, or see README \"On a GPU\"");
        return device(name);
    }

    /// <summary>Reads <c>float32</c> or <c>bfloat16</c>.</summary>
    /// <exception cref="EngineException">Another name.</exception>
    public static ScalarType ParseDtype(string name) => name switch
    {
        "float32" => ScalarType.Float32,
        "bfloat16" => ScalarType.BFloat16,
        _ => throw new EngineException($"dtype '{name}': expected float32 or bfloat16"),
    };

    private static OpenedTokenizer? OpenTokenizer(OpenedCheckpoint checkpoint) => checkpoint.Gguf is { } gguf
        ? TokenizerReader.FromGguf(gguf)
        : TokenizerReader.TryOpen(checkpoint.Location);

    private static IChatTemplate? Template(ModelSpec spec, OpenedTokenizer? tokenizer) =>
        spec.Template is { } preset && tokenizer is not null ? ChatTemplates.Preset(preset) : tokenizer?.Template;

    // "I" as an answer begins with it. A checkpoint without a tokenizer has no such token unless the spec names ids.
    private static ImmutableArray<int> RefusalTokens(ModelSpec spec, OpenedTokenizer? tokenizer)
    {
        if (!spec.RefusalTokens.IsEmpty)
            return spec.RefusalTokens;
        return tokenizer?.Tokenizer.Encode("I", addSpecial: false) is [int id] ? [id] : [];
    }
}
