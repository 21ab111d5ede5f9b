using System.Collections.Immutable;
using System.Text.Json;
using RefusalExplorer.Engine.Tokenizers;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Api.Http;

namespace RefusalExplorer.Web.Api.OpenAi;

/// <summary>POST /v1/chat/completions.</summary>
internal sealed record ChatRequest : SamplingRequest
{
    private const int MostTop = 20;

    /// <summary>The conversation.</summary>
    public required ImmutableArray<JsonElement> Messages { get; init; }

    /// <summary>Newer name of max_tokens.</summary>
    public int? MaxCompletionTokens { get; init; }

    /// <summary>Whether each token's log-probability is told.</summary>
    public bool Logprobs { get; init; }

    /// <summary>Likely tokens told beside each.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>Extension: chat template preset; null: the model's own.</summary>
    public string? Template { get; init; }

    /// <summary>Must be text.</summary>
    public JsonElement? ResponseFormat { get; init; }

    /// <summary>Must be empty.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Must be none or auto.</summary>
    public JsonElement? ToolChoice { get; init; }

    /// <summary>Passed over.</summary>
    public bool? ParallelToolCalls { get; init; }

    /// <summary>Tokens told beside each; null: none are told.</summary>
    public int? Choices => Logprobs ? TopLogprobs ?? 0 : null;

    /// <inheritdoc/>
    public override void Check()
    {
        base.Check();
        Refuse(TopLogprobs is < 0 or > MostTop, "top_logprobs", $"0 to {MostTop}");
        Refuse(TopLogprobs is not null && !Logprobs, "top_logprobs", "logprobs: true beside it");
        Refuse(Tools is { ValueKind: JsonValueKind.Array } tools && tools.GetArrayLength() > 0, "tools", "nothing");
        Refuse(ResponseFormat is { ValueKind: JsonValueKind.Object } format && !(format.TryGetProperty("type", out JsonElement type) && type.ValueEquals("text")),
            "response_format", "{\"type\": \"text\"}");
        Refuse(Messages.IsDefaultOrEmpty, "messages", "at least one message");
    }

    /// <summary>The conversation as a prompt.</summary>
    /// <exception cref="ApiException">A message is of another form.</exception>
    public PromptSource Prompt() => new() { Messages = [.. Messages.Select(Read)] };

    private static ChatMessage Read(JsonElement message, int index)
    {
        string where = $"messages[{index}]";
        if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("role", out JsonElement role) || role.ValueKind != JsonValueKind.String)
            throw ApiException.BadRequest($"{where}: expected {{\"role\": …, \"content\": …}}");
        string name = role.GetString() switch
        {
            "system" or "developer" => "system",
            "user" => "user",
            "assistant" => "assistant",
            var other => throw ApiException.BadRequest($"{where}: role '{other}': expected system, user or assistant"),
        };
        return new ChatMessage(name, message.TryGetProperty("content", out JsonElement content) ? Content(content, where) : throw ApiException.BadRequest($"{where}: no content"));
    }

    private static string Content(JsonElement content, string where) => content.ValueKind switch
    {
        JsonValueKind.String => content.GetString()!,
        JsonValueKind.Array => string.Concat(content.EnumerateArray().Select(part =>
            part.ValueKind == JsonValueKind.Object && part.TryGetProperty("text", out JsonElement text) && text.ValueKind == JsonValueKind.String
                ? text.GetString()
                : throw ApiException.BadRequest($"{where}: a part of the content is no text; only text is taken here"))),
        _ => throw ApiException.BadRequest($"{where}: content: expected a text or a list of text parts"),
    };
}
