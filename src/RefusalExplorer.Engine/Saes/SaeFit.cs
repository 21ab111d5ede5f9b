using System.Text.RegularExpressions;

namespace RefusalExplorer.Engine.Saes;

/// <summary>Refuses pairings of an SAE with a model or layer that the files show to be wrong.</summary>
internal static partial class SaeFit
{
    public static void Check(string location, SaeConfig sae, int modelDim, int layer, string? modelName)
    {
        if (sae.HookName is { } hook && !hook.EndsWith("hook_resid_post", StringComparison.Ordinal))
            throw new CheckpointFormatException(location, $"the SAE reads {hook}, expected {SaeHook.ResidPost(layer)}: only residual-stream SAEs can be used");
        if (sae.InputDim != modelDim)
            throw new CheckpointFormatException(location, $"the SAE reads vectors of width {sae.InputDim}, expected {modelDim}, the width of the model's residual stream: it belongs to another model");
        if (sae.Layer is { } own && own != layer)
            throw new CheckpointFormatException(location, $"the SAE belongs to layer {own} ({sae.HookName ?? "by its path"}), but it is configured for layer {layer}: give it to layer {own}");
        if (sae.ModelName is { } trainedOn && modelName is not null && Disagree(trainedOn, modelName))
            throw new CheckpointFormatException(location, $"the SAE was trained on {trainedOn}, expected one for {modelName}");
    }

    /// <summary>
    /// Whether two names are visibly of different models: family, version or size, where both names tell. Base and instruct models of one kind
    /// share SAEs (the paper does so), and names outside the pattern tell nothing.
    /// </summary>
    internal static bool Disagree(string first, string second)
    {
        Match a = Name().Match(first), b = Name().Match(second);
        return a.Success && b.Success && (Differ("family") || Differ("version") || Differ("size"));

        bool Differ(string part)
        {
            string x = Plain(a.Groups[part].Value), y = Plain(b.Groups[part].Value);
            return x.Length > 0 && y.Length > 0 && !string.Equals(x, y, StringComparison.OrdinalIgnoreCase);
        }
    }

    // "3.1", "3_1" and "31" are one version in the wild.
    private static string Plain(string part) => part.Replace(".", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal);

    // A number followed by m or b is a size and not a version: gemma-2b is the first Gemma.
    [GeneratedRegex(@"(?<family>gemma|llama|qwen|mistral|pythia)[-_ ]?v?(?<version>\d+(?:[._]\d+)?(?![\d.]*[mb]))?(?:.*?(?<![\d.])(?<size>\d+(?:\.\d+)?[mb])(?![a-z]))?",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Name();
}
