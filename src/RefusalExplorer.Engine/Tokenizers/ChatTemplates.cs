namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>Named templates, for checkpoints without their own and to repeat the paper's setting (the refusal-direction reference's forms).</summary>
public static class ChatTemplates
{
    /// <summary>The name of a checkpoint's own template.</summary>
    public const string Model = "model";

    private const string Turns =
        "{% for m in messages %}{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' + m['content'] | trim + '<|eot_id|>' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}";

    private static readonly Dictionary<string, string> Sources = new(StringComparer.Ordinal)
    {
        ["gemma"] =
            "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('Gemma has no system turn; put the text into the first user turn') }}{% endif %}"
            + "{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else m['role']) + '\\n' + m['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}",
        ["llama3"] = Turns,
        ["llama3.1"] =
            "{% set given = messages | length > 0 and messages[0]['role'] == 'system' %}"
            + "{{ '<|start_header_id|>system<|end_header_id|>\\n\\nCutting Knowledge Date: December 2023\\nToday Date: 26 Jul 2024\\n\\n' }}"
            + "{{ (messages[0]['content'] | trim if given else '') + '<|eot_id|>' }}{% set messages = messages[1:] if given else messages %}" + Turns,
        ["chatml"] =
            "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    };

    /// <summary>The names of all presets.</summary>
    public static IReadOnlyList<string> Presets { get; } = [.. Sources.Keys];

    /// <summary>A preset by name. Presets print no BOS; the tokenizer adds it.</summary>
    /// <exception cref="EngineException">No such preset.</exception>
    public static IChatTemplate Preset(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Sources.TryGetValue(name, out string? source)
            ? new ChatTemplate(name, source, null, null)
            : throw new EngineException($"chat template '{name}': expected one of {string.Join(", ", Presets)}, or none for the model's own");
    }
}
