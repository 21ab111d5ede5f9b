using System.Text.Json;
using System.Text.Json.Serialization;

namespace RefusalExplorer.Engine.Saes;

/// <summary>Gating rules in JSON: written <c>saeLens5102</c>, and read however people part the words and numbers (<c>saelens_5_10_2</c>).</summary>
public sealed class SaeGatingRuleJsonConverter : JsonConverter<SaeGatingRule>
{
    /// <inheritdoc/>
    public override SaeGatingRule Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        string? name = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        string plain = name is null ? "" : string.Concat(name.Where(c => c is not ('_' or '-' or '.' or ' ')));
        foreach (SaeGatingRule rule in Enum.GetValues<SaeGatingRule>())
        {
            if (string.Equals(plain, rule.ToString(), StringComparison.OrdinalIgnoreCase))
                return rule;
        }
        throw new JsonException($"{(name is null ? "not a text" : $"'{name}'")}; expected one of {string.Join(", ", Enum.GetValues<SaeGatingRule>().Select(Name))}");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, SaeGatingRule value, JsonSerializerOptions options) => writer.WriteStringValue(Name(value));

    private static string Name(SaeGatingRule rule) => JsonNamingPolicy.CamelCase.ConvertName(rule.ToString());
}
