using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace RefusalExplorer.Pipeline.Reading;

/// <summary>Reads JSON that people write by hand: whatever is wrong with it is told with its place, in the names of the file's own fields.</summary>
internal static class StrictJson
{
    /// <summary>Options that read as others do, but refuse what is missing.</summary>
    public static JsonSerializerOptions Like(JsonSerializerOptions options) => new(options)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>Reads a value.</summary>
    /// <param name="parse">Gives the JSON.</param>
    /// <param name="options">From <see cref="Like"/>.</param>
    /// <param name="where">Named in errors: a file, or a field.</param>
    /// <exception cref="PipelineException">Not JSON, an unknown or missing field, or a value of another form; one line says where.</exception>
    public static T Read<T>(Func<JsonNode?> parse, JsonSerializerOptions options, string where)
    {
        try
        {
            JsonNode root = parse() ?? throw new PipelineException($"{where}: expected a JSON object, found null");
            JsonTypeInfo type = options.GetTypeInfo(typeof(T));
            StrictFields.DropNulls(root, type);
            StrictFields.Check(root, type, where, "$");
            return root.Deserialize<T>(options)!;
        }
        catch (JsonException e)
        {
            throw new PipelineException($"{where}: {OneLine(e)}", e);
        }
        // A lone surrogate in the text, or escaped in a string, is no UTF-8; a name that occurs twice is found when it is looked up.
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw new PipelineException($"{where}: not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>What is wrong with the JSON, after its place where that is known.</summary>
    public static string OneLine(JsonException e)
    {
        string message = e.Message.ReplaceLineEndings(" ");
        int path = message.IndexOf(" Path: ", StringComparison.Ordinal);
        string what = path < 0 ? message : message[..path];
        return e.Path is { } p ? $"{p}: {what}" : what;
    }
}
