using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using RefusalExplorer.Engine.Saes;

namespace RefusalExplorer.Pipeline.Reading;

/// <summary>Finds unknown and missing fields and values of another form before JSON is read, to say in its writer's words what was expected.</summary>
internal static class StrictFields
{
    private const int LongestQuote = 60;

    /// <exception cref="PipelineException">A field is unknown or missing, or its value of another form; the message names it and what was expected.</exception>
    public static void Check(JsonNode? node, JsonTypeInfo type, string where, string path)
    {
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object when node is JsonObject fields:
                CheckFields(fields, type, where, path);
                break;
            case JsonTypeInfoKind.Object:
                throw new PipelineException($"{where}: {path}: expected an object with {Names(type)}");
            case JsonTypeInfoKind.Enumerable:
                JsonArray items = node as JsonArray ?? throw Unexpected("a list");
                for (int i = 0; i < items.Count; i++)
                    CheckItem(items[i], type, where, $"{path}[{i}]");
                break;
            case JsonTypeInfoKind.Dictionary:
                JsonObject entries = node as JsonObject ?? throw Unexpected("an object");
                foreach ((string key, JsonNode? value) in entries)
                {
                    if (type.KeyType == typeof(int) && !int.TryParse(key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
                        throw new PipelineException($"{where}: {path}.{key}: expected a whole number before the colon, as in \"3\"");
                    CheckItem(value, type, where, $"{path}.{key}");
                }
                break;
            // This one takes more spellings than its names, and says so itself.
            case JsonTypeInfoKind.None when type.Type.IsEnum && type.Converter is not SaeGatingRuleJsonConverter:
                CheckWord(node, type.Type, where, path);
                break;
            case JsonTypeInfoKind.None when Form(type.Type) is { } form && !HasForm(node, type.Type):
                throw Unexpected(form);
        }

        PipelineException Unexpected(string expected) => new($"{where}: {path}: expected {expected}, found {Found(node)}");
    }

    /// <summary>Takes out nulls of optional fields that cannot be null: whoever writes one means that the field is left out.</summary>
    public static void DropNulls(JsonNode? node, JsonTypeInfo type)
    {
        switch (node)
        {
            case JsonObject fields when type.Kind == JsonTypeInfoKind.Object:
                foreach ((string name, JsonNode? value) in fields.ToArray())
                {
                    if (Property(type, name) is not { } property)
                        continue;
                    if (value is null && !property.IsRequired && !CanBeNull(property))
                        fields.Remove(name);
                    DropNulls(value, Info(type, property.PropertyType));
                }
                break;
            case JsonObject entries when type.Kind == JsonTypeInfoKind.Dictionary:
                foreach ((_, JsonNode? value) in entries)
                    DropNulls(value, Info(type, type.ElementType!));
                break;
            case JsonArray items when type.Kind == JsonTypeInfoKind.Enumerable:
                foreach (JsonNode? item in items)
                    DropNulls(item, Info(type, type.ElementType!));
                break;
        }
    }

    private static void CheckFields(JsonObject fields, JsonTypeInfo type, string where, string path)
    {
        foreach ((string name, JsonNode? value) in fields)
        {
            JsonPropertyInfo property = Property(type, name)
                ?? throw new PipelineException($"{where}: {path}.{name}: unknown field; expected one of {Names(type)}");
            if (value is not null)
                Check(value, Info(type, property.PropertyType), where, $"{path}.{name}");
        }
        JsonPropertyInfo? missing = type.Properties.FirstOrDefault(p => p.IsRequired && !fields.Any(f =>
            string.Equals(f.Key, p.Name, StringComparison.OrdinalIgnoreCase) && (f.Value is not null || CanBeNull(p))));
        if (missing is not null)
            throw new PipelineException($"{where}: {path}: \"{missing.Name}\" is missing");
    }

    private static void CheckItem(JsonNode? item, JsonTypeInfo list, string where, string path)
    {
        if (item is not null || Nullable.GetUnderlyingType(list.ElementType!) is null)
            Check(item, Info(list, list.ElementType!), where, path);
    }

    private static void CheckWord(JsonNode? value, Type words, string where, string path)
    {
        string[] expected = [.. Enum.GetNames(words).Select(JsonNamingPolicy.CamelCase.ConvertName)];
        if (value?.GetValueKind() != JsonValueKind.String || !expected.Contains(value.GetValue<string>(), StringComparer.OrdinalIgnoreCase))
            throw new PipelineException($"{where}: {path}: {Found(value)}; expected one of {string.Join(", ", expected)}");
    }

    // In words; null for types that read themselves.
    private static string? Form(Type type) => Type.GetTypeCode(type) switch
    {
        _ when type.IsEnum => null,
        TypeCode.String => "a text",
        TypeCode.Boolean => "true or false",
        TypeCode.Int32 or TypeCode.Int64 => "a whole number",
        TypeCode.Single or TypeCode.Double => "a number",
        _ => null,
    };

    private static bool HasForm(JsonNode? node, Type type) => node is JsonValue value && Type.GetTypeCode(type) switch
    {
        TypeCode.String => value.GetValueKind() == JsonValueKind.String,
        TypeCode.Boolean => value.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
        TypeCode.Int32 => value.TryGetValue<int>(out _),
        TypeCode.Int64 => value.TryGetValue<long>(out _),
        _ => value.GetValueKind() == JsonValueKind.Number || (value.TryGetValue<string>(out string? named) && named is "NaN" or "Infinity" or "-Infinity"),
    };

    private static string Found(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject => "an object",
        JsonArray => "a list",
        _ when node.ToJsonString() is { Length: > LongestQuote } text => text[..LongestQuote] + "…",
        _ => node.ToJsonString(),
    };

    private static JsonPropertyInfo? Property(JsonTypeInfo type, string name) =>
        type.Properties.FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase) && p.Set is not null);

    private static JsonTypeInfo Info(JsonTypeInfo owner, Type type) => owner.Options.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type);

    private static bool CanBeNull(JsonPropertyInfo property) => property.PropertyType.IsValueType
        ? Nullable.GetUnderlyingType(property.PropertyType) is not null
        : property.IsSetNullable;

    private static string Names(JsonTypeInfo type) => string.Join(", ", type.Properties.Where(p => p.Set is not null).Select(p => p.Name));
}
