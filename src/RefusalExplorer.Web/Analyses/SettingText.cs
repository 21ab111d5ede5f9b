using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RefusalExplorer.Pipeline;
using RefusalExplorer.Pipeline.Analyses;

namespace RefusalExplorer.Web.Analyses;

/// <summary>Settings as people enter them.</summary>
public static class SettingText
{
    private static readonly char[] Separators = [' ', ',', ';', '\n', '\r', '\t'];

    /// <summary>The default as it stands in the form.</summary>
    public static string Default(SettingField field) => Show(field, field.Default);

    /// <summary>A value as it stands in the form: lists of texts one a line, lists of numbers with commas.</summary>
    public static string Show(SettingField field, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => "",
        JsonValueKind.Array => string.Join(field.IsTextList ? "\n" : ", ", value.EnumerateArray().Select(Plain)),
        _ => Plain(value),
    };

    /// <summary>Settings of a request: those that were entered, read; the others keep their defaults.</summary>
    /// <exception cref="PipelineException">One cannot be read; the message names it.</exception>
    public static JsonElement? Read(IEnumerable<SettingField> fields, IReadOnlyDictionary<string, string> entered)
    {
        var settings = new JsonObject();
        foreach (SettingField field in fields)
        {
            if (entered.TryGetValue(field.Name, out string? text) && text != Default(field))
                settings[field.Name] = Read(field, text);
        }
        return settings.Count == 0 ? null : JsonSerializer.SerializeToElement(settings);
    }

    /// <summary>A word of a choice as pages write it: <c>clampToMaximum</c> is "clamp to maximum".</summary>
    public static string Words(string name)
    {
        var text = new StringBuilder();
        foreach (char c in name)
        {
            if (char.IsUpper(c))
                text.Append(' ');
            text.Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }

    private static JsonNode? Read(SettingField field, string text) => field.Kind switch
    {
        SettingKind.Flag => text == "true",
        SettingKind.Whole => (JsonNode)Whole(field, text),
        SettingKind.Number => (JsonNode)Number(field, text),
        SettingKind.List when field.IsTextList =>
            new JsonArray([.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(l => (JsonNode)l)]),
        SettingKind.List => new JsonArray([.. text.Split(Separators, StringSplitOptions.RemoveEmptyEntries).Select(n => Item(field, n))]),
        _ => string.IsNullOrWhiteSpace(text) ? null : text.Trim(),
    };

    // Whole numbers stay whole in JSON, for lists of whole numbers.
    private static JsonNode Item(SettingField field, string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) ? whole : Number(field, text);

    private static long Whole(SettingField field, string text) =>
        long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw new PipelineException($"{field.Label}: '{text}' is no whole number");

    private static double Number(SettingField field, string text) =>
        double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? value
            : throw new PipelineException($"{field.Label}: '{text}' is no number; decimals are written with a point");

    private static string Plain(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
