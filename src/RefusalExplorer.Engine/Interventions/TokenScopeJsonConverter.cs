using System.Text.Json;
using System.Text.Json.Serialization;

namespace RefusalExplorer.Engine.Interventions;

/// <summary>Scopes are written as <see cref="TokenScope.Parse"/> reads them: <c>"allButFirst"</c>, <c>"last:4"</c>, <c>"positions:3,5"</c>.</summary>
public sealed class TokenScopeJsonConverter : JsonConverter<TokenScope>
{
    /// <inheritdoc/>
    public override TokenScope Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw new JsonException("expected a scope as a string, for example \"allButFirst\"");
        try
        {
            return TokenScope.Parse(reader.GetString()!);
        }
        catch (EngineException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, TokenScope value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
