using System.Text.Json;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>The decoders of a <c>tokenizer.json</c>.</summary>
internal sealed class TokenizerJsonDecoding(string path)
{
    private readonly List<Func<IDecodingStep>> _steps = [];
    private bool _fused;

    /// <summary>Makes new steps for every text; they hold state.</summary>
    internal Func<IReadOnlyList<IDecodingStep>> Read(JsonElement? json)
    {
        if (json is { } stage)
            Add(stage);
        else
            _steps.Add(() => new SpacedDecoding());
        return () => [.. _steps.Select(make => make())];
    }

    private void Add(JsonElement stage)
    {
        string type = stage.GetProperty("type").GetString()!;
        switch (type)
        {
            case "Sequence":
                foreach (JsonElement part in stage.GetProperty("decoders").EnumerateArray())
                    Add(part);
                break;
            case "ByteLevel":
                _steps.Add(() => new ByteLevelDecoding());
                _fused = true;
                break;
            case "ByteFallback":
                _steps.Add(() => new ByteFallbackDecoding());
                break;
            case "Fuse":
                _fused = true;
                break;
            case "Replace":
                AddReplace(stage);
                break;
            case "Strip":
                AddStrip(stage);
                break;
            case "Metaspace":
                AddMetaspace(stage);
                break;
            default:
                throw Wrong($"'{type}', expected one of Sequence, ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace");
        }
    }

    private void AddReplace(JsonElement stage)
    {
        if (!stage.GetProperty("pattern").TryGetProperty("String", out JsonElement text) || text.GetString() is not { Length: > 0 } pattern)
            throw Wrong("a Replace without a pattern of kind String");
        string content = stage.GetProperty("content").GetString()!;
        // Once pieces are one text, a longer pattern could lie across them.
        if (_fused && pattern.Length > 1)
            throw Wrong($"a Replace of '{pattern}' after the pieces are joined, expected one character");
        _steps.Add(() => new ReplaceDecoding(pattern, content));
    }

    private void AddStrip(JsonElement stage)
    {
        char content = One(stage, "content");
        int start = stage.GetProperty("start").GetInt32();
        int stop = stage.GetProperty("stop").GetInt32();
        bool fused = _fused;
        _steps.Add(() => new StripDecoding(content, start, stop, fused));
    }

    private void AddMetaspace(JsonElement stage)
    {
        char replacement = One(stage, "replacement");
        string? scheme = TokenizerJson.Child(stage, "prepend_scheme")?.GetString();
        bool prefix = scheme is null ? TokenizerJson.Child(stage, "add_prefix_space")?.GetBoolean() ?? true : scheme != "never";
        _steps.Add(() => new MetaspaceDecoding(replacement, prefix));
    }

    private char One(JsonElement stage, string field) => stage.GetProperty(field).GetString() is [char one]
        ? one
        : throw Wrong($"'{field}' is {stage.GetProperty(field).GetRawText()}, expected one character");

    private CheckpointFormatException Wrong(string problem) => new(path, problem, "decoder");
}
