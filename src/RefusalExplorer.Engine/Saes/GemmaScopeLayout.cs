using System.Globalization;
using System.Text.RegularExpressions;
using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Saes;

/// <summary>
/// GemmaScope (<c>layer_X/width_65k/average_l0_Y/params.npz</c>) and Gemma Scope 2
/// (<c>resid_post/layer_17_width_16k_l0_medium/params.safetensors</c>): JumpReLU, no configuration file, so the path says which SAE it is.
/// </summary>
internal static partial class GemmaScopeLayout
{
    public const string NpzFileName = "params.npz";
    public const string SafetensorsFileName = "params.safetensors";

    public static (SaeConfig Config, SaeWeights Weights) Open(string path)
    {
        bool first = !path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);
        ITensorFile file = first ? NpzFile.Open(path) : SafetensorsFile.Open(path);
        try
        {
            // The first release writes W_enc, the second w_enc, and mirrors of the first have both.
            string Stored(string name) => file.Names.FirstOrDefault(n => n.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? name;
            var names = new SaeTensorNames
            {
                W_enc = Stored("W_enc"),
                W_dec = Stored("W_dec"),
                b_dec = Stored("b_dec"),
                b_enc = Stored("b_enc"),
                threshold = Stored("threshold"),
            };
            if (!file.Contains(names.W_enc))
                throw new CheckpointFormatException(path, $"missing, expected shape [d_model, width]; the file has {string.Join(", ", file.Names)}", names.W_enc);
            IReadOnlyList<long> shape = file.Shape(names.W_enc);
            if (shape.Count != 2)
                throw new CheckpointFormatException(path, $"expected shape [d_model, width], found [{string.Join(", ", shape)}]", names.W_enc);
            SaeConfig config = Describe(Path.GetFullPath(path), first, (int)shape[0], (int)shape[1]);
            return (config, new SaeWeights(file, config, names, SaeFold.None));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    internal static SaeConfig Describe(string path, bool first, int inputDim, int features)
    {
        int? layer = SaeHook.LayerOfPath(path);
        return new SaeConfig
        {
            Architecture = SaeArchitecture.JumpRelu,
            InputDim = inputDim,
            Features = features,
            Layer = layer,
            HookName = layer is { } l ? string.Create(CultureInfo.InvariantCulture, $"blocks.{l}.{Site(path)}") : null,
            ModelName = ModelName(path),
            Layout = first ? "GemmaScope" : "GemmaScope2",
        };
    }

    private static string Site(string path) => Sites().Matches(path).LastOrDefault()?.Value switch
    {
        "mlp" or "mlp_out" => "hook_mlp_out",
        "att" => "attn.hook_z",
        "attn_out" => "hook_attn_out",
        "transcoder" or "transcoders" or "transcoder_all" => "mlp.hook_in",
        _ => "hook_resid_post",
    };

    private static string? ModelName(string path) => Repositories().Match(path) is { Success: true } match
        ? $"gemma-{(match.Groups["second"].Success ? 3 : 2)}-{match.Groups["size"].Value}{(match.Groups["tuning"].Value == "it" ? "-it" : "")}"
        : null;

    // The end of a repository's name (gemma-scope-2b-pt-mlp) or the folder above a layer's.
    [GeneratedRegex(@"(?<=gemma-scope-\d+b-(pt|it)-)(res|mlp|att)(?=[/\\]|$)|(?<=[/\\])(resid_post|resid_post_all|mlp_out|attn_out|transcoders?|transcoder_all)(?=[/\\]layer_)")]
    private static partial Regex Sites();

    [GeneratedRegex(@"gemma-scope-(?<second>2-)?(?<size>\d+[bm])-(?<tuning>pt|it)")]
    private static partial Regex Repositories();
}
