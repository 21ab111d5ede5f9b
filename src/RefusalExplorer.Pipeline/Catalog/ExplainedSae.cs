using System.Globalization;
using System.Text.RegularExpressions;

namespace RefusalExplorer.Pipeline.Catalog;

/// <summary>The SAE whose explanations are shown for a layer, beside the one that runs.</summary>
/// <param name="Model">Neuronpedia's model id.</param>
/// <param name="Source">Neuronpedia's source.</param>
/// <param name="Same">Whether it is the SAE that runs; null where the files' names do not tell.</param>
/// <param name="Difference">Why it is not, one line for the badge; null unless <paramref name="Same"/> is false.</param>
public sealed record ExplainedSae(string Model, string Source, bool? Same, string? Difference = null);

/// <summary>
/// Finds the explained SAE of a layer. Neuronpedia's <c>{l}-gemmascope-res-65k</c> explains the canonical GemmaScope SAE of a layer (the one whose L0
/// is nearest 100), which is seldom the one a paper used; for a few layers it explains others as <c>…__l0-53</c>.
/// </summary>
public static partial class ExplainedSaes
{
    // SAELens, pretrained_saes.yaml, gemma-scope-2b-pt-res-canonical: L0 by layer.
    private static readonly Dictionary<string, int[]> Canonical = new()
    {
        ["16k"] = [105, 102, 141, 59, 124, 68, 70, 69, 71, 73, 77, 80, 82, 84, 84, 78, 78, 77, 74, 73, 71, 70, 72, 75, 73, 116],
        ["65k"] = [73, 121, 77, 89, 89, 105, 107, 107, 111, 118, 128, 70, 72, 75, 73, 127, 128, 125, 116, 115, 114, 111, 116, 123, 124, 93],
    };

    // The same file, gemma-scope-2b-pt-res: the others that have a Neuronpedia id.
    private static readonly HashSet<(string Width, int Layer, int L0)> Others =
    [
        ("16k", 5, 18), ("16k", 5, 34), ("16k", 5, 143), ("16k", 5, 309), ("16k", 12, 22), ("16k", 12, 41), ("16k", 12, 176), ("16k", 12, 445),
        ("16k", 19, 23), ("16k", 19, 40), ("16k", 19, 137), ("16k", 19, 279),
        ("65k", 5, 17), ("65k", 5, 29), ("65k", 5, 53), ("65k", 5, 211), ("65k", 12, 21), ("65k", 12, 38), ("65k", 12, 141), ("65k", 12, 297),
        ("65k", 19, 21), ("65k", 19, 35), ("65k", 19, 63), ("65k", 19, 216),
    ];

    /// <summary>The explained SAE of a layer, or null where the model is not at Neuronpedia.</summary>
    public static ExplainedSae? Of(ConfiguredModel model, int layer)
    {
        if (model is not { NeuronpediaModel: { } id, NeuronpediaSource: { } pattern })
            return null;
        string source = For(pattern, layer);
        string path = model.SaePaths.TryGetValue(layer, out string? own) ? own : For(model.Saes ?? "", layer);
        if (GemmaScopeSource().Match(source) is { Success: true } explained && GemmaScopePath().Match(path) is { Success: true } running)
            return Gemma(id, layer, explained, running);
        if (LlamaScopeSource().Match(source) is { Success: true } llama && LlamaScopePath().Match($"{model.SaeRepo}/{path}") is { Success: true } scope)
            return Llama(id, source, llama.Groups["width"].Value, scope.Groups["times"].Value);
        return new ExplainedSae(id, source, null);
    }

    private static ExplainedSae Gemma(string model, int layer, Match explained, Match running)
    {
        string width = running.Groups["width"].Value, plain = $"{explained.Groups["layer"].Value}-gemmascope-res-{width}";
        int l0 = int.Parse(running.Groups["l0"].Value, CultureInfo.InvariantCulture);
        int? canonical = Canonical.TryGetValue(width, out int[]? table) && layer < table.Length ? table[layer] : null;
        if (model != "gemma-2-2b" || canonical is null)
            return new ExplainedSae(model, explained.Value, explained.Groups["l0"].Success ? explained.Groups["l0"].Value == running.Groups["l0"].Value : null);
        if (canonical == l0)
            return new ExplainedSae(model, plain, true);
        return Others.Contains((width, layer, l0))
            ? new ExplainedSae(model, $"{plain}__l0-{l0}", true)
            : new ExplainedSae(model, plain, false, $"explains the SAE with L0 {canonical}; the one that runs has L0 {l0}");
    }

    private static ExplainedSae Llama(string model, string source, string width, string times)
    {
        string running = times == "32" ? "131k" : "32k";
        return width == running
            ? new ExplainedSae(model, source, true)
            : new ExplainedSae(model, source, false, $"explains the SAE with {width} features; the one that runs has {running}");
    }

    private static string For(string pattern, int layer) =>
        pattern.Replace("{l}", layer.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    [GeneratedRegex(@"^(?<layer>\d+)-gemmascope-res-(?<width>\d+[km])(__l0-(?<l0>\d+))?$")]
    private static partial Regex GemmaScopeSource();

    [GeneratedRegex(@"layer_\d+/width_(?<width>\d+[km])/average_l0_(?<l0>\d{1,6})(/|$)")]
    private static partial Regex GemmaScopePath();

    [GeneratedRegex(@"^\d+-llamascope-res-(?<width>\d+k)$")]
    private static partial Regex LlamaScopeSource();

    [GeneratedRegex(@"(LX?R?-?|L\d+R-)(?<times>8|32)x")]
    private static partial Regex LlamaScopePath();
}
