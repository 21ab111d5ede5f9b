using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using RefusalExplorer.Data.Explanations;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Neuronpedia;

/// <summary>
/// Reads a feature as Neuronpedia writes it. Fields that are missing, null or of another kind count as unknown: the answers of different sources
/// differ, and none of them is worth losing the rest for.
/// </summary>
internal static class FeatureJson
{
    /// <summary>The feature that an answer is about, or null where it is none.</summary>
    public static NeuronpediaKey? KeyOf(JsonElement json) =>
        Text(json, "modelId") is { } model && Text(json, "layer") is { } source && Index(json, "index") is { } index ? new NeuronpediaKey(model, source, index) : null;

    public static NeuronpediaFeature Read(NeuronpediaKey key, JsonElement json) => new()
    {
        Explanations = [.. Items(json, "explanations").Select(e => ReadExplanation(key, e)).OfType<Explanation>()],
        MaxActivation = Number(json, "maxActApprox"),
        Density = Number(json, "frac_nonzero"),
        PositiveLogits = Logits(json, "pos_str", "pos_values"),
        NegativeLogits = Logits(json, "neg_str", "neg_values"),
        Activations = Histogram(json, "freq_hist_data_bar_values", "freq_hist_data_bar_heights"),
        Logits = Histogram(json, "logits_hist_data_bar_values", "logits_hist_data_bar_heights"),
        Similar = [.. Numbers(json, "topkCosSimIndices").Zip(Numbers(json, "topkCosSimValues"))
            .Where(p => p.First is >= 0 and <= int.MaxValue && p.First != key.Index).Select(p => new NeuronpediaNeighbour((int)p.First, p.Second))],
        Examples = [.. Items(json, "activations").Select(ReadExample).OfType<NeuronpediaExample>().OrderByDescending(e => e.Max)],
    };

    /// <summary>An explanation of a feature or a hit of a search, or null where it has no text.</summary>
    public static Explanation? ReadExplanation(NeuronpediaKey key, JsonElement json) =>
        Text(json, "description") is { } text && !string.IsNullOrWhiteSpace(text)
            ? new Explanation
            {
                Model = key.Model,
                Source = key.Source,
                Feature = new FeatureId(BulkRow.LayerOf(key.Source) ?? 0, key.Index),
                Text = text.Trim(),
                Explainer = Text(json, "explanationModelName") ?? "",
                Method = Text(json, "typeName") ?? "",
            }
            : null;

    public static double? Number(JsonElement json, string name) =>
        Property(json, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out double number) && double.IsFinite(number) ? number : null;

    public static int? Index(JsonElement json, string name) => Property(json, name) switch
    {
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int index) && index >= 0 => index,
        { ValueKind: JsonValueKind.String } value when int.TryParse(String(value), NumberStyles.None, CultureInfo.InvariantCulture, out int index) => index,
        _ => null,
    };

    public static string? Text(JsonElement json, string name) => Property(json, name) is { ValueKind: JsonValueKind.String } value ? String(value) : null;

    public static IEnumerable<JsonElement> Items(JsonElement json, string name) =>
        Property(json, name) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : [];

    private static NeuronpediaExample? ReadExample(JsonElement json)
    {
        ImmutableArray<string> tokens = Strings(json, "tokens");
        ImmutableArray<double> values = Numbers(json, "values");
        int length = Math.Min(tokens.Length, values.Length);
        return length == 0 ? null : new NeuronpediaExample(tokens[..length], values[..length]);
    }

    private static ImmutableArray<NeuronpediaLogit> Logits(JsonElement json, string tokens, string values) =>
        [.. Strings(json, tokens).Zip(Numbers(json, values), (t, v) => new NeuronpediaLogit(t, v))];

    private static NeuronpediaHistogram Histogram(JsonElement json, string values, string heights)
    {
        ImmutableArray<double> v = Numbers(json, values), h = Numbers(json, heights);
        int length = Math.Min(v.Length, h.Length);
        return new NeuronpediaHistogram(v[..length], h[..length]);
    }

    private static ImmutableArray<double> Numbers(JsonElement json, string name) =>
        [.. Items(json, name).Select(v => v.ValueKind == JsonValueKind.Number && v.TryGetDouble(out double d) && double.IsFinite(d) ? d : 0)];

    private static ImmutableArray<string> Strings(JsonElement json, string name) =>
        [.. Items(json, name).Select(v => v.ValueKind == JsonValueKind.String ? String(v) : "")];

    private static JsonElement? Property(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) ? value : null;

    // GetString throws on a lone surrogate, which a token of a byte-level vocabulary may hold.
    private static string String(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return value.GetRawText().Trim('"');
        }
    }
}
