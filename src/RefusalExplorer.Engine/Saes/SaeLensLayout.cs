using System.Text.Json;
using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Saes;

/// <summary>SAELens folders: <c>cfg.json</c> (flat before version 6, with <c>metadata</c> since) and <c>sae_weights.safetensors</c>.</summary>
internal static class SaeLensLayout
{
    public const string ConfigFile = "cfg.json";
    public const string WeightsFile = "sae_weights.safetensors";

    public static (SaeConfig Config, SaeWeights Weights) Open(string folder)
    {
        string path = Path.Combine(folder, WeightsFile);
        SaeConfig config = ReadConfig(Path.Combine(folder, ConfigFile));
        var names = new SaeTensorNames
        {
            b_enc = config.Architecture == SaeArchitecture.Gated ? null : "b_enc",
            threshold = config.Architecture == SaeArchitecture.JumpRelu ? "threshold" : null,
            b_gate = config.Architecture == SaeArchitecture.Gated ? "b_gate" : null,
            b_mag = config.Architecture == SaeArchitecture.Gated ? "b_mag" : null,
            r_mag = config.Architecture == SaeArchitecture.Gated ? "r_mag" : null,
        };
        // Choosing by norm-weighted pre-activations and dividing the norm out again is the same SAE with unit decoder rows.
        SaeFold fold = SaeFold.None with { UnitDecoderRows = config.RescalesByDecoderNorm };
        return (config, new SaeWeights(SafetensorsFile.Open(path), config, names, fold));
    }

    internal static SaeConfig ReadConfig(string path)
    {
        SaeJson json = SaeJson.Read(path);
        SaeJson metadata = json.Section("metadata");
        string? hook = metadata.Text("hook_name") ?? json.Text("hook_name") ?? json.Text("hook_point");
        if (json.Flag("finetuning_scaling_factor") == true)
            throw json.Wrong("finetuning_scaling_factor", "false: SAELens 6 no longer applies it");
        SaeArchitecture architecture = Architecture(json);
        int features = json.Size("d_sae");
        return new SaeConfig
        {
            Architecture = architecture,
            InputDim = json.Size("d_in"),
            Features = features,
            HookName = hook,
            Layer = SaeHook.Layer(hook) ?? json.Count("hook_layer") ?? json.Count("hook_point_layer"),
            ModelName = metadata.Text("model_name") ?? json.Text("model_name"),
            Layout = "SAELens",
            AppliesDecoderBiasToInput = json.Flag("apply_b_dec_to_input") ?? true,
            Normalization = Normalization(json),
            K = architecture == SaeArchitecture.TopK ? K(json, features) : null,
            RescalesByDecoderNorm = architecture == SaeArchitecture.TopK && json.Flag("rescale_acts_by_decoder_norm") == true,
            NeuronpediaId = metadata.Text("neuronpedia_id") ?? json.Text("neuronpedia_id"),
        };
    }

    private static SaeArchitecture Architecture(SaeJson json)
    {
        // Before version 6 a TopK SAE was a standard one with another activation function.
        string field = json.Find("activation_fn_str") is null ? "activation_fn" : "activation_fn_str";
        string activation = json.Text(field) ?? "relu";
        return (json.Text("architecture") ?? "standard", activation) switch
        {
            ("standard" or "topk", "topk") or ("topk", _) => SaeArchitecture.TopK,
            (_, not "relu") => throw json.Wrong(field, "relu or topk"),
            ("standard", _) => SaeArchitecture.Standard,
            ("gated", _) => SaeArchitecture.Gated,
            ("jumprelu", _) => SaeArchitecture.JumpRelu,
            _ => throw json.Wrong("architecture", "standard, gated, topk or jumprelu"),
        };
    }

    private static SaeNormalization Normalization(SaeJson json) => json.Find("normalize_activations") switch
    {
        null or { ValueKind: JsonValueKind.True or JsonValueKind.False } => SaeNormalization.None,
        { ValueKind: JsonValueKind.String } => json.Text("normalize_activations") switch
        {
            "none" or "expected_average_only_in" => SaeNormalization.None,
            "constant_norm_rescale" => SaeNormalization.ConstantNormRescale,
            "layer_norm" => SaeNormalization.LayerNorm,
            _ => throw json.Wrong("normalize_activations", "none, expected_average_only_in, constant_norm_rescale or layer_norm"),
        },
        _ => throw json.Wrong("normalize_activations", "none, expected_average_only_in, constant_norm_rescale or layer_norm"),
    };

    private static int K(SaeJson json, int features)
    {
        SaeJson source = json.Find("k") is null && json.Find("activation_fn_kwargs") is not null ? json.Section("activation_fn_kwargs") : json;
        int k = source.Size("k");
        return k <= features ? k : throw source.Wrong("k", $"at most the {features} features of d_sae");
    }
}
