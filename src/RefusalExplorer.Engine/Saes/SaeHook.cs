using System.Globalization;
using System.Text.RegularExpressions;

namespace RefusalExplorer.Engine.Saes;

/// <summary>Names of hook points, as TransformerLens and SAELens write them.</summary>
internal static partial class SaeHook
{
    /// <summary>The output of a block, the one place where the engine applies SAEs.</summary>
    public static string ResidPost(int layer) => string.Create(CultureInfo.InvariantCulture, $"blocks.{layer}.hook_resid_post");

    /// <summary>The layer of <c>blocks.8.hook_resid_post</c>, or null for a hook outside the blocks.</summary>
    public static int? Layer(string? hookName) =>
        hookName is not null && Blocks().Match(hookName) is { Success: true } match ? ParseLayer(match) : null;

    /// <summary>The layer that a path names last: <c>layer_12</c> or <c>layer_17_width_16k_l0_medium</c>.</summary>
    public static int? LayerOfPath(string path) => Folders().Matches(path) is { Count: > 0 } matches ? ParseLayer(matches[^1]) : null;

    private static int ParseLayer(Match match) => int.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^blocks\.(\d{1,6})\.")]
    private static partial Regex Blocks();

    [GeneratedRegex(@"(?<=^|[/\\])layer_(\d{1,6})(?=[/\\_]|$)")]
    private static partial Regex Folders();
}
