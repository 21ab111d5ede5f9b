using System.Globalization;
using System.Text.RegularExpressions;
using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Saes;

/// <summary>LlamaScope folders (<c>Llama3_1-8B-Base-L15R-8x</c>): <c>hyperparams.json</c> and <c>checkpoints/final.safetensors</c>, bfloat16.</summary>
internal static partial class LlamaScopeLayout
{
    public const string ConfigFile = "hyperparams.json";
    public const string WeightsFile = "checkpoints/final.safetensors";

    private static readonly SaeTensorNames Names = new()
    {
        W_enc = "encoder.weight",
        b_enc = "encoder.bias",
        W_dec = "decoder.weight",
        b_dec = "decoder.bias",
        Transposed = true,
    };

    public static (SaeConfig Config, SaeWeights Weights) Open(string folder, SaeGatingRule rule)
    {
        SaeJson json = SaeJson.Read(Path.Combine(folder, ConfigFile));
        SaeConfig config = ReadConfig(folder, json, rule);
        // Inputs were divided by the data set's mean norm over √D in training; the rules differ in where that factor goes (FACTS "SAEs").
        double s = Math.Sqrt(config.InputDim) / json.Section("dataset_average_activation_norm").Positive("in");
        double t = json.Number("jump_relu_threshold") ?? throw json.Missing("jump_relu_threshold", "a number");
        (SaeFold fold, double threshold) = rule switch
        {
            SaeGatingRule.SaeLens => (SaeFold.None with { W_enc = s, W_dec = 1 / s, b_dec = 1 / s }, t * s),
            SaeGatingRule.SaeLens5102 => (SaeFold.None with { W_enc = s, W_dec = 1 / s, b_dec = 1 / s }, t),
            SaeGatingRule.OpenMoss => (SaeFold.None with { b_enc = 1 / s, b_dec = 1 / s, UnitDecoderRows = true }, t),
            _ => throw new EngineException($"gating rule {rule}: expected SaeLens, SaeLens5102 or OpenMoss"),
        };
        string path = Path.Combine(folder, WeightsFile);
        return (config, new SaeWeights(SafetensorsFile.Open(path), config, Names, fold, (float)threshold));
    }

    private static SaeConfig ReadConfig(string folder, SaeJson json, SaeGatingRule rule)
    {
        Match name = FolderName().Match(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))));
        string? hook = json.Text("hook_point_in") ?? (name.Groups["site"].Value == "R"
            ? SaeHook.ResidPost(int.Parse(name.Groups["layer"].ValueSpan, CultureInfo.InvariantCulture))
            : null);
        Require(json, "act_fn", "jumprelu");
        Require(json, "norm_activation", "dataset-wise");
        if (json.Text("hook_point_out") is { } output && output != hook)
            throw json.Wrong("hook_point_out", $"{hook}, as hook_point_in: a transcoder cannot edit the stream that it reads");
        if (rule == SaeGatingRule.OpenMoss && json.Flag("sparsity_include_decoder_norm") == false)
            throw json.Wrong("sparsity_include_decoder_norm", "true, on which the OpenMOSS rule rests");
        return new SaeConfig
        {
            Architecture = SaeArchitecture.JumpRelu,
            InputDim = json.Size("d_model"),
            Features = json.Size("d_sae"),
            HookName = hook,
            Layer = SaeHook.Layer(hook),
            ModelName = name.Success ? name.Groups["model"].Value : null,
            Layout = "LlamaScope",
            GatingRule = rule,
        };
    }

    private static void Require(SaeJson json, string field, string value)
    {
        if (json.Text(field) != value)
            throw json.Wrong(field, $"{value}, the only form published");
    }

    [GeneratedRegex(@"^(?<model>.+)-L(?<layer>\d{1,6})(?<site>[A-Z]+)-\d+x$")]
    private static partial Regex FolderName();
}
