using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace RefusalExplorer.Pipeline.Studies;

/// <summary>Finds unknown and missing fields before a definition is read, to say which names were expected.</summary>
internal static class StrictFields
{
    /// <exception cref="PipelineException">A field is unknown or missing; the message names it and those expected.</exception>
    public static void Check(JsonNode? node, JsonTypeInfo type, string where, string path)
    {
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object when node is JsonObject fields:
                CheckFields(fields, type, where, path);
                break;
            case JsonTypeInfoKind.Enumerable when node is JsonArray items:
                for (int i = 0; i < items.Count; i++)
                    Check(items[i], type.Options.GetTypeInfo(type.ElementType!), where, $"{path}[{i}]");
                break;
            case JsonTypeInfoKind.None when type.Type.IsEnum && node is JsonValue value:
                CheckWord(value, type.Type, where, path);
                break;
            case JsonTypeInfoKind.Object:
                throw new PipelineException($"{where}: {path}: expected an object with {Names(type)}");
        }
    }

    private static void CheckFields(JsonObject fields, JsonTypeInfo type, string where, string path)
    {
        foreach ((string name, JsonNode? value) in fields)
        {
            JsonPropertyInfo? property = type.Properties.FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase) && p.Set is not null)
                ?? throw new PipelineException($"{where}: {path}.{name}: unknown field; expected one of {Names(type)}");
            Type wanted = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (value is not null)
                Check(value, type.Options.GetTypeInfo(wanted), where, $"{path}.{name}");
        }
        JsonPropertyInfo? missing = type.Properties.FirstOrDefault(p => p.IsRequired && !fields.Any(f => string.Equals(f.Key, p.Name, StringComparison.OrdinalIgnoreCase)));
        if (missing is not null)
            throw new PipelineException($"{where}: {path}: \"{missing.Name}\" is missing");
    }

    private static void CheckWord(JsonValue value, Type words, string where, string path)
    {
        string[] expected = [.. Enum.GetNames(words).Select(JsonNamingPolicy.CamelCase.ConvertName)];
        if (value.GetValueKind() != JsonValueKind.String || !expected.Contains(value.GetValue<string>(), StringComparer.OrdinalIgnoreCase))
            throw new PipelineException($"{where}: {path}: {value.ToJsonString()}; expected one of {string.Join(", ", expected)}");
    }

    private static string Names(JsonTypeInfo type) => string.Join(", ", type.Properties.Where(p => p.Set is not null).Select(p => p.Name));
}
