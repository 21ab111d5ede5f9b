using System.Text.Json;
using RefusalExplorer.Engine.Models;

namespace RefusalExplorer.Engine.Checkpoints;

/// <summary>
/// Reads <c>config.json</c> and <c>generation_config.json</c>, in the form of published checkpoints (<c>rope_theta</c>, <c>rope_scaling</c>)
/// and in that of transformers 5 (<c>rope_parameters</c>, <c>layer_types</c>); defaults are transformers' own
/// (<c>configuration_llama.py</c>, <c>configuration_gemma2.py</c>).
/// </summary>
internal static class HuggingFaceConfig
{
    internal static ModelConfig Read(string folder)
    {
        string path = Path.Combine(folder, "config.json");
        if (!File.Exists(path))
            throw new CheckpointFormatException(folder, "no config.json there; expected a Hugging Face model folder, or the path of a GGUF file");
        using JsonDocument json = CheckpointJson.ParseFile(path);
        ModelConfig? config = null;
        CheckpointJson.Guard(path, "the configuration", () => config = Read(new JsonFields(path, json.RootElement), folder));
        return config!;
    }

    private static ModelConfig Read(JsonFields fields, string folder)
    {
        ModelFamily family = fields.Text("model_type") switch
        {
            "llama" => ModelFamily.Llama,
            "gemma2" => ModelFamily.Gemma2,
            string other => throw fields.Refuse("model_type", $"'{other}' is not supported, expected llama or gemma2"),
            null => throw fields.Refuse("model_type", "missing, expected llama or gemma2"),
        };
        RefuseUnsupported(fields, family);
        ModelConfig config = Dimensions(fields, family) with { EosIds = [.. EosIds(fields, folder)] };
        return family == ModelFamily.Gemma2 ? WithGemma(fields, config) : config;
    }

    private static ModelConfig Dimensions(JsonFields fields, ModelFamily family)
    {
        bool gemma = family == ModelFamily.Gemma2;
        int heads = fields.Require("num_attention_heads");
        int keyValueHeads = fields.Count("num_key_value_heads") ?? (gemma ? 4 : heads);
        int dim = fields.Require("hidden_size");
        if (heads % keyValueHeads != 0)
            throw fields.Refuse("num_key_value_heads", $"{keyValueHeads} does not divide num_attention_heads {heads}");
        int? headDim = fields.Count("head_dim") ?? (gemma ? 256 : dim % heads == 0 ? dim / heads : null);
        if (headDim is null || headDim % 2 != 0)
            throw fields.Refuse("head_dim", $"{headDim?.ToString() ?? $"{dim}/{heads}"}, expected an even whole number");
        double scalar = gemma ? fields.Positive("query_pre_attn_scalar") ?? 256 : headDim.Value;
        (double theta, Llama3RopeScaling? scaling) = Rope(fields);
        return new ModelConfig
        {
            Family = family,
            Layers = fields.Require("num_hidden_layers"),
            ModelDim = dim,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadDim = headDim.Value,
            MlpDim = fields.Require("intermediate_size"),
            Vocabulary = fields.Require("vocab_size"),
            MaxPositions = fields.Count("max_position_embeddings") ?? (gemma ? 8192 : 2048),
            RopeTheta = theta,
            RopeScaling = scaling,
            NormEpsilon = fields.Positive("rms_norm_eps") ?? 1e-6,
            TiedEmbeddings = fields.Flag("tie_word_embeddings") ?? gemma,
            QueryScale = 1 / Math.Sqrt(scalar),
            BosId = fields.Ids("bos_token_id") is [int bos, ..] ? bos : null,
        };
    }

    private static ModelConfig WithGemma(JsonFields fields, ModelConfig config)
    {
        IReadOnlyList<string>? types = fields.Texts("layer_types");
        if (types is not null && types.Count != config.Layers)
            throw fields.Refuse("layer_types", $"{types.Count} entries, expected num_hidden_layers {config.Layers}");
        return config with
        {
            AttentionSoftcap = Softcap("attn_logit_softcapping", 50),
            FinalSoftcap = Softcap("final_logit_softcapping", 30),
            SlidingWindow = fields.Count("sliding_window") ?? 4096,
            // Published configurations have no layer_types: even layers slide.
            SlidingLayers = types is null
                ? [.. Enumerable.Range(0, config.Layers).Select(l => l % 2 == 0)]
                : [.. types.Select(t => t switch
                {
                    "sliding_attention" => true,
                    "full_attention" => false,
                    _ => throw fields.Refuse("layer_types", $"'{t}', expected sliding_attention or full_attention"),
                })],
        };

        // A missing field has Gemma's default, an explicit null turns capping off.
        double? Softcap(string name, double fallback) => fields.Names(name) ? fields.Positive(name) : fallback;
    }

    private static (double Theta, Llama3RopeScaling? Scaling) Rope(JsonFields fields)
    {
        const double DefaultTheta = 10000;
        JsonFields? section = fields.Section("rope_parameters") ?? fields.Section("rope_scaling");
        double theta = section?.Positive("rope_theta") ?? fields.Positive("rope_theta") ?? DefaultTheta;
        if (section is not null && (section.Has("full_attention") || section.Has("sliding_attention")))
            throw fields.Refuse("rope_parameters", "one set for each kind of layer is not supported, expected one for all");
        string type = section?.Text("rope_type") ?? section?.Text("type") ?? "default";
        if (type == "default")
            return (theta, null);
        if (type != "llama3")
            throw fields.Refuse("rope_type", $"'{type}' is not supported, expected default or llama3");
        var scaling = new Llama3RopeScaling(
            Required("factor"), Required("low_freq_factor"), Required("high_freq_factor"), section!.Require("original_max_position_embeddings"));
        return scaling.HighFrequencyFactor > scaling.LowFrequencyFactor
            ? (theta, scaling)
            : throw fields.Refuse("high_freq_factor", $"{scaling.HighFrequencyFactor}, expected more than low_freq_factor");

        double Required(string name) => section!.Positive(name) ?? throw fields.Refuse(name, "missing, though rope_type llama3 needs it");
    }

    private static IEnumerable<int> EosIds(JsonFields fields, string folder)
    {
        string path = Path.Combine(folder, "generation_config.json");
        IReadOnlyList<int> own = fields.Ids("eos_token_id");
        if (!File.Exists(path))
            return own.Distinct();
        using JsonDocument json = CheckpointJson.ParseFile(path);
        return [.. new JsonFields(path, json.RootElement).Ids("eos_token_id").Concat(own).Distinct()];
    }

    private static void RefuseUnsupported(JsonFields fields, ModelFamily family)
    {
        foreach (string flag in (string[])["attention_bias", "mlp_bias", "use_bidirectional_attention"])
        {
            if (fields.Flag(flag) == true)
                throw fields.Refuse(flag, "true is not supported, expected false");
        }
        (string field, string expected) = family == ModelFamily.Gemma2 ? ("hidden_activation", "gelu_pytorch_tanh") : ("hidden_act", "silu");
        string activation = fields.Text(field) ?? expected;
        if (activation != expected)
            throw fields.Refuse(field, $"'{activation}' is not supported, expected {expected}");
        if (fields.Has("quantization_config"))
            throw fields.Refuse("quantization_config", "quantised safetensors are not supported, expected the original weights or a GGUF file");
        if ((fields.Positive("partial_rotary_factor") ?? 1) != 1)
            throw fields.Refuse("partial_rotary_factor", "only 1 is supported");
        if (family == ModelFamily.Llama && fields.Texts("layer_types")?.Any(t => t != "full_attention") == true)
            throw fields.Refuse("layer_types", "expected full_attention in every layer of a llama model");
    }
}
