using System.Text.Json;
using System.Text.Json.Serialization;

namespace RefusalExplorer.Engine;

/// <summary>Features are written <c>"L12-98914"</c> in JSON, as values and as keys.</summary>
public sealed class FeatureIdJsonConverter : JsonConverter<FeatureId>
{
    /// <inheritdoc/>
    public override FeatureId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String ? Parse(reader.GetString()) : throw new JsonException("expected a feature as a string, for example \"L12-98914\"");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, FeatureId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());

    /// <inheritdoc/>
    public override FeatureId ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parse(reader.GetString());

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, FeatureId value, JsonSerializerOptions options) => writer.WritePropertyName(value.ToString());

    private static FeatureId Parse(string? text) =>
        FeatureId.TryParse(text, null, out FeatureId feature) ? feature : throw new JsonException($"'{text}': expected a feature, for example \"L12-98914\"");
}
