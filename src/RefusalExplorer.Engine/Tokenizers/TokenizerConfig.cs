using System.Text.Json;
using RefusalExplorer.Engine.Checkpoints;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>What <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c> and the chat template files beside a tokenizer say.</summary>
internal sealed class TokenizerConfig
{
    private const long MaxTemplateBytes = 4_000_000;
    private readonly string _folder;

    private TokenizerConfig(string folder) => _folder = folder;

    internal string? BosToken { get; private set; }

    internal string? EosToken { get; private set; }

    /// <summary>Null where the file does not say.</summary>
    internal bool? AddsBos { get; private set; }

    /// <summary>Null where the file does not say.</summary>
    internal bool? AddsEos { get; private set; }

    /// <summary>The chat template, or null.</summary>
    internal string? Template { get; private set; }

    /// <summary>Added tokens that the tokenizer file may lack (<c>added_tokens_decoder</c>).</summary>
    internal List<AddedToken> Added { get; } = [];

    /// <exception cref="CheckpointFormatException">A file is broken.</exception>
    internal static TokenizerConfig Read(string folder)
    {
        var config = new TokenizerConfig(folder);
        config.ReadFile("special_tokens_map.json");
        config.ReadFile("tokenizer_config.json");
        config.ReadTemplateFiles();
        return config;
    }

    private void ReadFile(string name)
    {
        string path = Path.Combine(_folder, name);
        if (!File.Exists(path))
            return;
        using JsonDocument document = CheckpointJson.ParseFile(path);
        CheckpointJson.Guard(path, "not a tokenizer's settings", () => Read(path, document.RootElement));
    }

    private void Read(string path, JsonElement root)
    {
        var fields = new JsonFields(path, root);
        BosToken = Token(root, "bos_token") ?? BosToken;
        EosToken = Token(root, "eos_token") ?? EosToken;
        AddsBos = fields.Flag("add_bos_token") ?? AddsBos;
        AddsEos = fields.Flag("add_eos_token") ?? AddsEos;
        if (TokenizerJson.Child(root, "chat_template") is { } template)
            Template = ReadTemplate(path, template);
        foreach (JsonProperty token in TokenizerJson.Child(root, "added_tokens_decoder")?.EnumerateObject() ?? default)
        {
            int id = int.TryParse(token.Name, out int value) && value is >= 0 and < BpeVocabulary.MaxId
                ? value
                : throw fields.Refuse("added_tokens_decoder", $"id '{token.Name}', expected 0 to {BpeVocabulary.MaxId - 1}");
            Added.Add(TokenizerFiles.Added(path, id, token.Value));
        }
    }

    private void ReadTemplateFiles()
    {
        string jinja = Path.Combine(_folder, "chat_template.jinja");
        string json = Path.Combine(_folder, "chat_template.json");
        if (File.Exists(jinja))
        {
            Template = System.Text.Encoding.UTF8.GetString(TokenizerFiles.ReadAll(jinja, MaxTemplateBytes)).TrimStart('\uFEFF');
        }
        else if (File.Exists(json))
        {
            using JsonDocument document = CheckpointJson.ParseFile(json);
            CheckpointJson.Guard(json, "not a chat template", () => Template = ReadTemplate(json, document.RootElement.GetProperty("chat_template")));
        }
    }

    // One template, or several with names, of which "default" is meant.
    private static string? ReadTemplate(string path, JsonElement template)
    {
        if (template.ValueKind == JsonValueKind.String)
            return template.GetString();
        if (template.ValueKind != JsonValueKind.Array)
            throw new CheckpointFormatException(path, $"a JSON {template.ValueKind}, expected a text or a list of named templates", "chat_template");
        foreach (JsonElement named in template.EnumerateArray())
        {
            if (named.GetProperty("name").GetString() == "default")
                return named.GetProperty("template").GetString();
        }
        return null;
    }

    private static string? Token(JsonElement root, string name) => TokenizerJson.Child(root, name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Object } token => token.GetProperty("content").GetString(),
        _ => null,
    };
}
