using System.Globalization;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Pipeline.Ports;

namespace RefusalExplorer.Data.Explanations;

/// <summary>
/// One line of Neuronpedia's explanation files: <c>modelId, layer, index, description, explanationModelName, typeName</c>, and fields that nothing
/// here needs (the embedding is most of the line). The index is text there, and the lines are in its order as text: 0, 1, 10, 100, …
/// </summary>
internal static class BulkRow
{
    private const int LongestText = 20_000;

    /// <summary>The explanation, or what is wrong with the line.</summary>
    public static Explanation? Read(ReadOnlySpan<byte> line, out string? problem)
    {
        problem = null;
        try
        {
            return Parse(line, out problem);
        }
        catch (JsonException e)
        {
            problem = $"expected a JSON object, found broken JSON (byte {e.BytePositionInLine + 1} of the line)";
            return null;
        }
    }

    private static Explanation? Parse(ReadOnlySpan<byte> line, out string? problem)
    {
        string? model = null, source = null, text = null, explainer = null, method = null, index = null;
        var reader = new Utf8JsonReader(line);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return Broken("expected a JSON object", out problem);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("modelId"u8))
                model = Text(ref reader);
            else if (reader.ValueTextEquals("layer"u8))
                source = Text(ref reader);
            else if (reader.ValueTextEquals("index"u8))
                index = Text(ref reader);
            else if (reader.ValueTextEquals("description"u8))
                text = Text(ref reader);
            else if (reader.ValueTextEquals("explanationModelName"u8))
                explainer = Text(ref reader);
            else if (reader.ValueTextEquals("typeName"u8))
                method = Text(ref reader);
            else
                reader.Skip();
        }
        // What follows the object on the line is an error too.
        while (reader.Read())
        {
        }
        return Check(model, source, index, text, explainer, method, out problem);
    }

    private static Explanation? Check(string? model, string? source, string? index, string? text, string? explainer, string? method, out string? problem)
    {
        if (string.IsNullOrWhiteSpace(model))
            return Broken("expected 'modelId', for example \"gemma-2-2b\"", out problem);
        if (source is null || LayerOf(source) is not { } layer)
            return Broken($"expected 'layer' to begin with its number, as \"16-gemmascope-res-65k\" does, found {Shown(source)}", out problem);
        if (!int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out int feature))
            return Broken($"expected 'index' to be a feature's number, found {Shown(index)}", out problem);
        if (string.IsNullOrWhiteSpace(text))
            return Broken("expected 'description' with text; is this a file of features or activations?", out problem);
        if (text.Length > LongestText)
            return Broken($"expected a description of at most {LongestText} characters, found {text.Length}", out problem);
        problem = null;
        return new Explanation
        {
            Model = model,
            Source = source,
            Feature = new FeatureId(layer, feature),
            Text = text.Trim(),
            Explainer = explainer ?? "",
            Method = method ?? "",
        };
    }

    /// <summary>The 0-based layer that a source begins with, or null.</summary>
    public static int? LayerOf(string source)
    {
        int digits = source.AsSpan().IndexOfAnyExceptInRange('0', '9') is var end and >= 0 ? end : source.Length;
        return int.TryParse(source.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out int layer) ? layer : null;
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return String(ref reader);
            case JsonTokenType.Number:
                return System.Text.Encoding.UTF8.GetString(reader.ValueSpan);
            default:
                reader.Skip();
                return null;
        }
    }

    // GetString throws on a lone surrogate (\ud83d alone) and on bytes that are no UTF-8, which a model's own text may hold.
    private static string? String(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return System.Text.Encoding.UTF8.GetString(reader.ValueSpan);
        }
    }

    private static string Shown(string? value) => value is null ? "nothing" : $"\"{(value.Length > 40 ? value[..40] + "…" : value)}\"";

    private static Explanation? Broken(string what, out string? problem)
    {
        problem = what;
        return null;
    }
}
