using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using RefusalExplorer.Engine.Saes;
using RefusalExplorer.Pipeline.Reading;

namespace RefusalExplorer.Pipeline.Analyses;

/// <summary>The JSON of analyses: camel case, enums as camel-case words, unknown fields refused.</summary>
public static class AnalysisJson
{
    /// <summary>For requests and results.</summary>
    public static JsonSerializerOptions Options { get; } = Make(indented: true);

    /// <summary>The same on one line, for the store.</summary>
    public static JsonSerializerOptions Compact { get; } = Make(indented: false);

    private static readonly JsonSerializerOptions Strict = StrictJson.Like(Options);

    /// <summary>Reads what a person wrote: a request, or an analysis' settings.</summary>
    /// <param name="json">The text.</param>
    /// <param name="where">Named in errors: a file, or a field.</param>
    /// <exception cref="PipelineException">Not JSON, an unknown field or a wrong form; the message says where and what was expected.</exception>
    public static T ReadRequest<T>(string json, string where) => StrictJson.Read<T>(() => JsonNode.Parse(json), Strict, where);

    /// <summary>Reads a value that was stored.</summary>
    /// <param name="json">The text.</param>
    /// <param name="where">Named in errors: a file, or a field.</param>
    /// <exception cref="PipelineException">Not JSON, an unknown field or a wrong type; the message says where.</exception>
    public static T Read<T>(string json, string where)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Options) ?? throw new PipelineException($"{where}: expected a JSON object, found null");
        }
        catch (JsonException e)
        {
            throw new PipelineException($"{where}: {e.Message}", e);
        }
    }

    private static JsonSerializerOptions Make(bool indented) => new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = indented,
        Converters = { new SaeGatingRuleJsonConverter(), new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };
}
