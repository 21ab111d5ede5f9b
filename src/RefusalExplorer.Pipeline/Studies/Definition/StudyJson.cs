using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Reading;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>The JSON of studies: camel case, enums as camel-case words, features as <c>L12-98914</c>, unknown fields refused.</summary>
public static class StudyJson
{
    /// <summary>One line, for journals and result rows.</summary>
    public static JsonSerializerOptions Options { get; } = Create(indented: false);

    /// <summary>The same, for people.</summary>
    public static JsonSerializerOptions Indented { get; } = Create(indented: true);

    /// <summary>Reads a definition, strictly.</summary>
    /// <param name="json">The file's text.</param>
    /// <param name="where">Named in errors.</param>
    /// <exception cref="PipelineException">It is no JSON, a field is unknown, missing or of another type, or a value is out of its range.</exception>
    public static StudyDefinition Parse(string json, string where)
    {
        try
        {
            JsonNode? root = JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (root is not JsonObject definition)
                throw new PipelineException($"{where}: expected a JSON object with \"name\", \"model\" and \"sets\"");
            ExpandNames(definition);
            StrictFields.Check(definition, Options.GetTypeInfo(typeof(StudyDefinition)), where, "$");
            StudyDefinition study = definition.Deserialize<StudyDefinition>(Options)!;
            StudyCheck.Check(study, where);
            return study;
        }
        catch (JsonException e)
        {
            throw new PipelineException($"{where}: {StrictJson.OneLine(e)}", e);
        }
        // A lone surrogate in the text, or escaped in a string, is no UTF-8; a name that occurs twice is found when it is looked up.
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw new PipelineException($"{where}: not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>The definition as JSON.</summary>
    public static string Serialize(StudyDefinition study, bool indented = false) => JsonSerializer.Serialize(study, indented ? Indented : Options);

    private static JsonSerializerOptions Create(bool indented) => new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        WriteIndented = indented,
        NewLine = "\n",
        Converters = { new SaeGatingRuleJsonConverter(), new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false), new FeatureIdConverter() },
    };

    /// <summary>A bare name of a set stands for the whole set.</summary>
    private static void ExpandNames(JsonObject definition)
    {
        if (definition["sets"] is not JsonObject sets)
            return;
        foreach ((string key, JsonNode? value) in sets.ToArray())
        {
            if (value is JsonValue name && name.GetValueKind() == JsonValueKind.String)
                sets[key] = new JsonObject { ["set"] = name.GetValue<string>() };
        }
    }

    private sealed class FeatureIdConverter : JsonConverter<FeatureId>
    {
        public override FeatureId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            FeatureId.TryParse(reader.GetString(), null, out FeatureId id)
                ? id
                : throw new JsonException($"'{reader.GetString()}' is not a feature: expected L<layer>-<index>, for example L12-98914");

        public override void Write(Utf8JsonWriter writer, FeatureId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
