using System.Text.Json;

namespace RefusalExplorer.Engine.Tokenizers;

/// <summary>The ids that a <c>tokenizer.json</c>'s post-processor puts around a text.</summary>
internal sealed class TokenizerJsonTemplate(string path)
{
    internal (IReadOnlyList<int> Before, IReadOnlyList<int> After) Read(JsonElement? json)
    {
        if (json is not { } stage)
            return ([], []);
        string type = stage.GetProperty("type").GetString()!;
        return type switch
        {
            "TemplateProcessing" => Template(stage),
            // It changes offsets only.
            "ByteLevel" => ([], []),
            "Sequence" => Sequence(stage),
            _ => throw new CheckpointFormatException(path, $"'{type}', expected TemplateProcessing, ByteLevel or Sequence", "post_processor"),
        };
    }

    // The later processor goes around what the earlier one made.
    private (IReadOnlyList<int> Before, IReadOnlyList<int> After) Sequence(JsonElement stage)
    {
        (IReadOnlyList<int> Before, IReadOnlyList<int> After) all = ([], []);
        foreach (JsonElement part in stage.GetProperty("processors").EnumerateArray())
        {
            (IReadOnlyList<int> before, IReadOnlyList<int> after) = Read(part);
            all = ([.. before, .. all.Before], [.. all.After, .. after]);
        }
        return all;
    }

    private (IReadOnlyList<int> Before, IReadOnlyList<int> After) Template(JsonElement stage)
    {
        var before = new List<int>();
        var after = new List<int>();
        List<int> current = before;
        JsonElement known = stage.GetProperty("special_tokens");
        foreach (JsonElement item in stage.GetProperty("single").EnumerateArray())
        {
            if (item.TryGetProperty("Sequence", out _))
                current = after;
            else
                current.AddRange(Ids(known, item.GetProperty("SpecialToken").GetProperty("id").GetString()!));
        }
        if (ReferenceEquals(current, before))
            throw new CheckpointFormatException(path, "no Sequence, expected one in 'single'", "post_processor");
        return (before, after);
    }

    private IEnumerable<int> Ids(JsonElement known, string name) => known.TryGetProperty(name, out JsonElement token)
        ? token.GetProperty("ids").EnumerateArray().Select(id => TokenizerJson.Id(path, id, "post_processor"))
        : throw new CheckpointFormatException(path, $"'{name}' is not among its special_tokens", "post_processor");
}
