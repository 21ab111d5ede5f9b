using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Experiments;

namespace RefusalExplorer.Cli.Commands;

/// <summary>The items of <c>tokenize --file</c>.</summary>
internal static class TokenizeInput
{
    public static JsonSerializerOptions Readable { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="EngineException">Not a text.</exception>
    public static PromptSource Text(JsonElement item) => new() { Text = String(item, "item") };

    /// <exception cref="EngineException">Not a list of messages.</exception>
    public static PromptSource Messages(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Array || item.GetArrayLength() == 0)
            throw new EngineException($"the item is {Describe(item)}, expected a list of messages {{role, content}}");
        return new PromptSource { Messages = [.. item.EnumerateArray().Select(Message)] };
    }

    private static ChatMessage Message(JsonElement message, int index)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw new EngineException($"message {index} is {Describe(message)}, expected {{role, content}}");
        ImmutableArray<string> unknown = [.. message.EnumerateObject().Select(p => p.Name).Where(n => n is not ("role" or "content"))];
        if (unknown.Length > 0)
            throw new EngineException($"message {index} has the field '{unknown[0]}', expected role and content only");
        return new ChatMessage(Field(message, "role", index), Field(message, "content", index));
    }

    private static string Field(JsonElement message, string name, int index) => message.TryGetProperty(name, out JsonElement value)
        ? String(value, $"'{name}' of message {index}")
        : throw new EngineException($"message {index} has no '{name}', expected role and content");

    private static string String(JsonElement value, string what)
    {
        if (value.ValueKind != JsonValueKind.String)
            throw new EngineException($"{what} is {Describe(value)}, expected a text");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new EngineException($"{what} holds half of a surrogate pair, expected text that has a UTF-8 form", e);
        }
    }

    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0 ? "an empty list" : "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "a truth value",
    };
}
