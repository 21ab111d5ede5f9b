using RefusalExplorer.Engine.Tokenizers.Jinja;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>
/// A Jinja chat template, rendered as transformers' <c>apply_chat_template</c> renders it. It is parsed on first use: a checkpoint whose
/// template cannot be read still works with plain prompts and presets.
/// </summary>
internal sealed class ChatTemplate(string name, string source, string? bosToken, string? eosToken) : IChatTemplate
{
    /// <summary>"Today" of Llama 3.1, whose template reads it and has it for its default: one day for all, so that prompts do not depend on when they ran.</summary>
    private const string DateString = "26 Jul 2024";

    private readonly Lazy<JinjaTemplate> _template = new(() => JinjaTemplate.Parse(source), LazyThreadSafetyMode.PublicationOnly);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt = true)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var variables = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["messages"] = messages.Select(object? (m) => new JinjaDict { ["role"] = m.Role, ["content"] = m.Content }).ToList(),
            ["add_generation_prompt"] = addGenerationPrompt,
            ["tools"] = null,
            ["documents"] = null,
            ["date_string"] = DateString,
        };
        // transformers hands over only the tokens that the tokenizer has.
        if (bosToken is not null)
            variables["bos_token"] = bosToken;
        if (eosToken is not null)
            variables["eos_token"] = eosToken;
        return _template.Value.Render(variables);
    }
}
